import { readLabels, readNumber, splitSample } from '@vmobs/testing';

/** A family of a page in the text format, as the strict reader has it. */
export interface StrictTextFamily {
  readonly name: string;
  readonly type: string;
  readonly help: string;
  readonly samples: {
    readonly name: string;
    readonly labels: ReadonlyMap<string, string>;
    readonly value: number;
  }[];
}

/** What the samples of a type are called after their family. */
const suffixes: Readonly<Record<string, readonly string[]>> = {
  counter: [''],
  gauge: [''],
  untyped: [''],
  histogram: ['_bucket', '_sum', '_count'],
  summary: ['', '_sum', '_count'],
};

/**
 * A strict reader of the text format 0.0.4, for whole histograms and summaries, which `parseText` puts together: it throws
 * at the first thing that the description of the format does not allow.
 *
 * @see https://prometheus.io/docs/instrumenting/exposition_formats/
 */
export function parseTextStrictly(page: string): Map<string, StrictTextFamily> {
  const families = new Map<string, StrictTextFamily>();
  if (page === '') return families;
  const lines = page.split('\n');
  if (lines.pop() !== '') throw new Error('the last line does not end');
  const seen = new Set<string>();
  let help: { readonly name: string; readonly text: string } | undefined;
  let current: StrictTextFamily | undefined;
  for (const line of lines) {
    const [, kind, name = '', text = ''] = /^# (HELP|TYPE) ([a-zA-Z_:][a-zA-Z0-9_:]*) (.*)$/s.exec(line) ?? [];
    if (kind === 'HELP') {
      if (help !== undefined) throw new Error(`HELP of ${help.name} without its TYPE`);
      help = { name, text: text.replace(/\\(.)/gs, (_all, next: string) => (next === 'n' ? '\n' : next)) };
    } else if (kind === 'TYPE') {
      if (families.has(name)) throw new Error(`${name} has a second TYPE`);
      if (suffixes[text] === undefined) throw new Error(`unknown type: ${line}`);
      if (help !== undefined && help.name !== name) throw new Error(`HELP of ${help.name} before TYPE of ${name}`);
      current = { name, type: text, help: help?.text ?? '', samples: [] };
      help = undefined;
      families.set(name, current);
    } else {
      const { name: sampleName, labelText, rest } = splitSample(line);
      const isOfFamily = suffixes[current?.type ?? '']?.some((suffix) => sampleName === `${current?.name}${suffix}`);
      if (current === undefined || isOfFamily !== true) throw new Error(`sample outside of its family: ${line}`);
      const labels = readLabels(labelText, line);
      const identity = JSON.stringify([sampleName, ...[...labels].sort()]);
      if (seen.has(identity)) throw new Error(`the series ${identity} is there twice`);
      seen.add(identity);
      current.samples.push({ name: sampleName, labels, value: readNumber(rest, line) });
    }
  }
  return families;
}
