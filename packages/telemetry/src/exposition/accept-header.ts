/** One choice of an `Accept` or `Accept-Encoding` header. */
export interface AcceptedRange {
  /** In lower case, such as `text/plain` or `gzip`. */
  readonly value: string;
  /** In lower case, without quotation marks, `q` left out. */
  readonly parameters: ReadonlyMap<string, string>;
  /** How much it is liked, from 0, which refuses it, to 1. What is not such a number counts as 0. */
  readonly quality: number;
}

/**
 * Reads a header that lists choices with their quality.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-12.4.2
 */
export function readAcceptHeader(header: string): AcceptedRange[] {
  return header
    .split(',')
    .map(readRange)
    .filter(({ value }) => value !== '');
}

function readRange(range: string): AcceptedRange {
  const [value = '', ...rest] = range.split(';').map((part) => part.trim().toLowerCase());
  const parameters = new Map(rest.map(splitParameter));
  const given = parameters.get('q');
  parameters.delete('q');
  const quality = given === undefined ? 1 : Number(given || Number.NaN);
  return { value, parameters, quality: quality >= 0 && quality <= 1 ? quality : 0 };
}

function splitParameter(parameter: string): readonly [name: string, value: string] {
  const [name = '', value = ''] = parameter.split('=');
  return [name.trim(), value.trim().replaceAll('"', '')];
}
