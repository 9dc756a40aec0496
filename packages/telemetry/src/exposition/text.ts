import type { Syntax } from './page.ts';
import { escapeHelp } from './values.ts';

/**
 * The Prometheus text format 0.0.4.
 *
 * @see https://prometheus.io/docs/instrumenting/exposition_formats/
 */
export const textSyntax: Syntax = {
  describe({ name, help, type }) {
    const helpLine = help.trim() === '' ? '' : `# HELP ${name} ${escapeHelp(help)}\n`;
    return `${helpLine}# TYPE ${name} ${type === 'unknown' ? 'untyped' : type}\n`;
  },
  begin: ({ text }) => text,
  hasExemplars: false,
  end: '',
};
