/**
 * Prints a measured number for the person who runs the tests. docs/losses.md quotes these lines.
 *
 * @param what a sentence with its units
 */
export function reportMeasured(what: string): void {
  process.stdout.write(`measured: ${what}\n`);
}
