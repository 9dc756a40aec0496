/** A configuration of Fluentd that cannot be read; the message names file and line. */
export class FluentdConfigError extends Error {
  override readonly name = 'FluentdConfigError';

  constructor(file: string, line: number, problem: string) {
    super(`${file}:${line}: ${problem}`);
  }
}
