import { cpus, loadavg, totalmem } from 'node:os';

/** The median of some numbers, of two the upper one; `NaN` of none. */
export function medianOf(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

/** Formats rows as a table: a line each, columns aligned. */
export function formatTable(rows: readonly Readonly<Record<string, string | number>>[]): string {
  const columns = Object.keys(rows[0] ?? {});
  const cells = [columns, ...rows.map((row) => columns.map((column) => String(row[column])))];
  const widths = columns.map((_, index) => Math.max(...cells.map((row) => row[index]?.length ?? 0)));
  const writeRow = (row: readonly string[]) => row.map((cell, index) => cell.padEnd(widths[index] ?? 0)).join('  ');
  return cells.map((row) => writeRow(row).trimEnd()).join('\n');
}

/** The machine that figures are measured on. */
export function describeMachine(): string {
  const [first] = cpus();
  const memory = Math.round(totalmem() / 1024 ** 3);
  return `Node ${process.version}, ${cpus().length} x ${first?.model ?? 'unknown processor'}, ${memory} GB, ${process.platform}`;
}

/** The load average over 1, 5 and 15 minutes: other programs spoil every figure. */
export function describeLoad(when: 'before' | 'after'): string {
  return `load average ${when}: ${loadavg()
    .map((load) => load.toFixed(2))
    .join(' ')}`;
}
