/** An error in a file of objectives. */
export interface SloFileProblem {
  /** Counted from 1. */
  readonly line: number;
  /** Counted from 1. */
  readonly column: number;
  /** Where in the structure, such as `slos[1].objective`. */
  readonly key: string;
  readonly wrong: string;
  readonly allowed: string;
}

/** All errors of a file of objectives, in the order of the file. */
export class SloFileError extends Error {
  override readonly name = 'SloFileError';
  readonly problems: readonly SloFileProblem[];

  constructor(file: string, problems: readonly SloFileProblem[]) {
    const inOrder = problems.toSorted((a, b) => a.line - b.line || a.column - b.column);
    const lines = inOrder.map(
      ({ line, column, key, wrong, allowed }) => `${file}:${line}:${column}: ${key}: ${wrong}; allowed is ${allowed}`,
    );
    super(lines.join('\n'));
    this.problems = inOrder;
  }
}
