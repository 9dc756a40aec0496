import parse from 'parse-prometheus-text-format';

/** A metric family of a page in the text format, as an independent parser reads it. */
export interface TextFamily {
  readonly name: string;
  readonly help: string;
  /** In capitals, such as `COUNTER`. */
  readonly type: string;
  readonly metrics: readonly { readonly labels?: Readonly<Record<string, string>>; readonly value?: string }[];
}

/** Reads a page in the text format 0.0.4 with a parser that is a port of the one in Prometheus' Python client. */
export function parseText(page: string): Map<string, TextFamily> {
  return new Map(parse(page).map((family) => [family.name, family]));
}
