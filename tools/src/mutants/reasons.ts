import type { Survivor } from './record.ts';

/** Why a survivor is acceptable: it changes nothing that matters, or a test for it would cost more than it is worth. */
interface Reason {
  /** End of the path of the file. @default any */
  readonly file?: string;
  /** @default any */
  readonly mutator?: string;
  /** The original code. @default anything */
  readonly was?: RegExp;
  /** The code of the mutant. @default anything */
  readonly becomes?: RegExp;
  readonly reason: string;
}

const slower = 'The result is the same, only slower or with more memory.';
const sdkDefault = 'The default of the SDK; it is stated explicitly so that a new version of the SDK changes nothing.';
const elsewhere = 'Tests of whole services in `test/` would kill it, but they are not run against mutants.';
const impossible = 'It satisfies the type checker, or guards against a broken build; it cannot happen at run time.';
const text = 'A text for people; tests check that it exists, not each of its words.';

const reasons: readonly Reason[] = [
  { mutator: 'StringLiteral', was: / [a-z]/, reason: text },
  { was: /^\{ (cause|cause: error) \}$/, reason: 'The cause of an error is for whoever debugs it.' },
  {
    file: 'traces/sdk.ts',
    was: /sdk !== undefined|owns/,
    reason: 'Unregistering what was never registered does nothing.',
  },
  { file: 'traces/sdk.ts', was: /Detector|always_o/, reason: sdkDefault },
  { file: 'traces/sdk.ts', reason: elsewhere },
  { file: 'traces/collector.ts', was: /^'close'$|open\.delete|^JSON\.parse|return undefined/, reason: slower },
  { file: 'traces/collector.ts', was: /bytes <= maxResponseBytes/, becomes: /^true$/, reason: slower },
  {
    file: 'traces/span-accounting.ts',
    was: /error_type/,
    reason: 'The labels stand in `docs/metrics.md`, which `check` compares.',
  },
  { file: 'fast-decoder.ts', was: /WebAssembly|typeof|exported|^\{/, reason: impossible },
  { file: 'fast-decoder.ts', was: /mostBytes/, becomes: />=/, reason: slower },
  { file: 'fast-decoder.ts', was: /at < to|0x80/, reason: slower },
  {
    file: 'fast-decoder.ts',
    was: /return undefined/,
    reason: 'A function that ends without a value returns undefined.',
  },
  { file: 'generated-decoder.ts', was: /slice/, reason: slower },
  { file: 'generated-decoder.ts', was: /number > 0/, reason: '0 is a safe integer, so it never comes this far.' },
  {
    file: 'scrape-metrics.ts',
    was: /^\[0\./,
    reason: 'The buckets stand in `docs/metrics.md`, which `check` compares.',
  },
  { file: 'registry-source.ts', was: /^\{ for \(const label in labels\) if/, becomes: /^\{\}$/, reason: slower },
  { file: 'series-line.ts', was: /charCodeAt/, reason: slower },
  { file: 'time-slices.ts', was: />= end/, reason: slower },
  { file: 'row-store.ts', was: /undefined/, reason: impossible },
  { file: 'row-block.ts', was: /rows\.length < rowsPerBlock \/ 2$/, becomes: /<=/, reason: slower },
  { file: 'row-index.ts', was: /^places\.length > smallestCapacity$/, becomes: />=/, reason: slower },
  { file: 'series-table.ts', was: /^\[\]$/, reason: impossible },
  { file: 'sender.ts', was: /entry === undefined/, reason: impossible },
  {
    file: 'billing-client.ts',
    was: /trim\(\)$/,
    becomes: /get\('retry-after'\)$/,
    reason: '`Headers` removes the spaces around a value.',
  },
  // `undefined` and an empty text are no date either.
  { file: 'billing-client.ts', was: /^value === undefined/, becomes: /^false$/, reason: slower },
  {
    file: 'batcher.ts',
    was: /Math\.sqrt/,
    becomes: /\+ 1$/,
    reason: 'The golden ratio and its inverse differ by 1, and only the fraction is used.',
  },
  // No VM equals the text, and a slot has no samples before it has an owner.
  { file: 'billing/batcher.ts', was: /^\[\]$/, reason: slower },
  { file: 'billing/last-samples.ts', was: /^\[\]$/, reason: slower },
  {
    file: 'disk-entries.ts',
    was: /^'copy'$/,
    reason: 'Recovery only distinguishes copies from new entries, and an empty type is not that of a new entry.',
  },
  { file: 'chunk-arena.ts', was: /nexts\.length/, reason: slower },
  { file: 'breaker.ts', was: /retryAfterMs > 0/, reason: 'A wait of 0 puts nothing off.' },
  {
    file: 'segment.ts',
    was: /shortSegment|longestStep|even|longest/,
    reason: 'Where segments are cut decides how much is stored, not what is billed.',
  },
  { file: 'segment.ts', was: /from \+ 1/, reason: slower },
  { file: 'usage-reader.ts', was: /Math\.max\(vm\.newest/, reason: slower },
  { file: 'compaction.ts', was: /rollups\.get/, reason: slower },
  { file: 'sample-columns.ts', reason: slower },
  { file: 'sample-writer.ts', was: /askTail|billedCustomer === undefined/, reason: slower },
  { file: 'compaction.ts', was: /10_000/, reason: slower },
  { file: 'vm-table.ts', was: /mostCached/, reason: slower },
];

/** Why a mutant may survive: the first reason that matches, `undefined` for a survivor that nobody has examined. */
export function reasonFor({ file, mutator, was, becomes }: Survivor): string | undefined {
  return reasons.find(
    (reason) =>
      file.endsWith(reason.file ?? '') &&
      mutator === (reason.mutator ?? mutator) &&
      (reason.was?.test(was) ?? true) &&
      (reason.becomes?.test(becomes) ?? true),
  )?.reason;
}
