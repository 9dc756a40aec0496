declare module 'parse-prometheus-text-format' {
  import type { TextFamily } from './text-parser.ts';

  function parse(page: string): TextFamily[];
  export = parse;
}
