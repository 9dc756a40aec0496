/**
 * A strict reader of OpenMetrics 1.0, written from the specification and sharing nothing with the writer: it throws at
 * the first thing that the specification does not allow.
 *
 * @see https://prometheus.io/docs/specs/om/open_metrics_spec/
 */
export function parseOpenMetrics(page: string): Map<string, ParsedFamily> {
  if (!page.endsWith('# EOF\n')) throw new Error('the page does not end with # EOF and a line feed');
  const lines = page.slice(0, -'# EOF\n'.length).split('\n');
  if (lines.pop() !== '') throw new Error('# EOF does not begin a line');
  const families = new Map<string, ParsedFamily>();
  let current: ParsedFamily | undefined;

  for (const line of lines) {
    const descriptor = /^# (TYPE|HELP|UNIT) ([a-zA-Z_:][a-zA-Z0-9_:]*) (.*)$/s.exec(line);
    if (descriptor !== null) {
      const [, kind = '', name = '', text = ''] = descriptor;
      if (current?.name !== name) {
        if (families.has(name)) throw new Error(`family ${name} is interleaved or declared twice`);
        current = { name, type: 'unknown', help: undefined, samples: [] };
        families.set(name, current);
      } else if (current.samples.length > 0) throw new Error(`descriptor after the samples of ${name}`);
      if (kind === 'TYPE') current.type = readType(text);
      if (kind === 'HELP') current.help = readEscapes(text);
      continue;
    }
    if (line.startsWith('#') || line === '') throw new Error(`neither descriptor nor sample: ${JSON.stringify(line)}`);
    if (current === undefined) throw new Error(`sample without a family: ${line}`);
    current.samples.push(readSample(line, current));
  }
  for (const family of families.values()) checkFamily(family);
  return families;
}

/** A metric family as it was read. */
export interface ParsedFamily {
  readonly name: string;
  type: string;
  help: string | undefined;
  readonly samples: ParsedSample[];
}

/** A sample as it was read. */
export interface ParsedSample {
  /** What the name of the family is followed by, such as `_total`. */
  readonly suffix: string;
  readonly labels: ReadonlyMap<string, string>;
  readonly value: number;
  readonly exemplar?: ParsedExemplar;
}

/** An exemplar as it was read. */
export interface ParsedExemplar {
  readonly labels: ReadonlyMap<string, string>;
  readonly value: number;
  readonly timestamp: number | undefined;
}

const suffixes: Readonly<Record<string, readonly string[]>> = {
  counter: ['_total', '_created'],
  gauge: [''],
  histogram: ['_bucket', '_count', '_sum', '_created'],
  summary: ['', '_count', '_sum', '_created'],
  info: ['_info'],
  stateset: [''],
  gaugehistogram: ['_bucket', '_gcount', '_gsum'],
  unknown: [''],
};

function readType(text: string): string {
  if (suffixes[text] === undefined) throw new Error(`unknown type ${text}`);
  return text;
}

function readSample(line: string, family: ParsedFamily): ParsedSample {
  const { name, labelText, rest } = splitSample(line);
  if (!name.startsWith(family.name)) throw new Error(`sample outside of family ${family.name}: ${line}`);
  const suffix = name.slice(family.name.length);
  if (!suffixes[family.type]?.includes(suffix))
    throw new Error(`a ${family.type} has no ${suffix || 'plain'} sample: ${line}`);
  const [valueText = '', exemplarText] = rest.split(' # ', 2);
  const sample = { suffix, labels: readLabels(labelText, line), value: readNumber(valueText, line) };
  if (exemplarText === undefined) return sample;
  if (suffix !== '_bucket' && suffix !== '_total') throw new Error(`no exemplar may stand here: ${line}`);
  return { ...sample, exemplar: readExemplar(rest.slice(valueText.length + ' # '.length), line) };
}

/** Parts a line into the name, the text between braces, and what follows. @throws Error when it is no sample */
export function splitSample(line: string): {
  readonly name: string;
  readonly labelText: string;
  readonly rest: string;
} {
  const [all, name = '', labelText = '', rest = ''] =
    /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{((?:[^"}]|"(?:[^"\\]|\\.)*")*)\})? (\S.*)$/s.exec(line) ?? [];
  if (all === undefined) throw new Error(`no sample: ${line}`);
  return { name, labelText, rest };
}

function readExemplar(text: string, line: string): ParsedExemplar {
  const [all, labelText = '', valueText = '', timestampText] =
    /^\{((?:[^"}]|"(?:[^"\\]|\\.)*")*)\} (\S+)(?: (\S+))?$/s.exec(text) ?? [];
  if (all === undefined) throw new Error(`malformed exemplar: ${line}`);
  const labels = readLabels(labelText, line);
  const characters = [...labels].reduce((sum, [name, value]) => sum + [...name, ...value].length, 0);
  if (characters > 128) throw new Error(`the labels of an exemplar have ${characters} characters: ${line}`);
  const timestamp = timestampText === undefined ? undefined : readNumber(timestampText, line);
  if (timestamp !== undefined && !Number.isFinite(timestamp)) throw new Error(`no time of an exemplar: ${line}`);
  return { labels, value: readNumber(valueText, line), timestamp };
}

/** Reads what stands between the braces of a line. @throws Error when those are no labels */
export function readLabels(text: string, line: string): Map<string, string> {
  const labels = new Map<string, string>();
  let rest = text;
  while (rest !== '') {
    const [all = '', name = '', value = ''] =
      /^([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(?:,(?=[a-zA-Z_])|$)/.exec(rest) ?? [];
    if (all === '') throw new Error(`malformed labels: ${line}`);
    if (labels.has(name)) throw new Error(`label ${name} appears twice: ${line}`);
    labels.set(name, readEscapes(value));
    rest = rest.slice(all.length);
  }
  return labels;
}

/** Reads a value. @throws Error when it is no number */
export function readNumber(text: string, line: string): number {
  const special: Readonly<Record<string, number>> = { NaN: Number.NaN, '+Inf': Infinity, '-Inf': -Infinity };
  const value = special[text] ?? (/^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?$/.test(text) ? Number(text) : undefined);
  if (value === undefined) throw new Error(`not a number: ${line}`);
  return value;
}

function readEscapes(text: string): string {
  return text.replace(/\\(.)/gs, (_all, character: string) => (character === 'n' ? '\n' : character));
}

function checkFamily({ name, type, samples }: ParsedFamily): void {
  const seen = new Set<string>();
  for (const { suffix, labels, value } of samples) {
    const identity = JSON.stringify([suffix, ...[...labels].sort()]);
    if (seen.has(identity)) throw new Error(`${name} has the series ${identity} twice`);
    seen.add(identity);
    const isCount = (type === 'counter' && suffix === '_total') || (type === 'histogram' && suffix !== '_sum');
    if (isCount && !(value >= 0)) throw new Error(`${name}${suffix} counts ${value}`);
  }
  if (type === 'histogram') checkBuckets(name, samples);
}

function checkBuckets(name: string, samples: readonly ParsedSample[]): void {
  const groups = Map.groupBy(
    samples.filter(({ suffix }) => suffix === '_bucket'),
    ({ labels }) => JSON.stringify([...labels].filter(([label]) => label !== 'le').sort()),
  );
  for (const [group, buckets] of groups) {
    let edgeBefore = -Infinity;
    let countBefore = 0;
    for (const { labels, value } of buckets) {
      const le = labels.get('le') ?? '';
      if (!/^([+-]?\d+\.\d+(e[+-]\d+)?|[+-]?\d(\.\d+)?e[+-]\d+|\+Inf)$/.test(le))
        throw new Error(`${name}: le="${le}" is not a canonical float`);
      const edge = readNumber(le, name);
      if (edge <= edgeBefore || value < countBefore)
        throw new Error(`${name}${group}: buckets do not rise at le="${le}"`);
      edgeBefore = edge;
      countBefore = value;
    }
    const count = samples.find(
      ({ suffix, labels }) => suffix === '_count' && JSON.stringify([...labels].sort()) === group,
    );
    if (edgeBefore !== Infinity || count?.value !== countBefore)
      throw new Error(`${name}${group}: the bucket +Inf is not the count`);
  }
}
