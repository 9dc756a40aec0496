import { isDrawn, type MutantPlace, type Sample } from './draw.ts';

/*
 * Stryker has no samples, but it asks checkers whether to run a mutant, in processes of its own. This checker accepts the
 * mutants of the sample. It reports the others as compile errors, which are not counted.
 */

type CheckResult = { readonly status: 'passed' } | { readonly status: 'compileError'; readonly reason: string };
type Mutant = MutantPlace & { readonly id: string };

class SampleChecker {
  static readonly inject = ['options'] as const;
  readonly #sample: Sample;

  constructor(options: { readonly sample: Sample }) {
    this.#sample = options.sample;
  }

  async init(): Promise<void> {}

  /** One group of all mutants. */
  async group(mutants: readonly Mutant[]): Promise<string[][]> {
    return [mutants.map(({ id }) => id)];
  }

  async check(mutants: readonly Mutant[]): Promise<Record<string, CheckResult>> {
    const resultOf = (mutant: Mutant): CheckResult =>
      isDrawn(mutant, this.#sample) ? { status: 'passed' } : { status: 'compileError', reason: 'not in the sample' };
    return Object.fromEntries(mutants.map((mutant) => [mutant.id, resultOf(mutant)]));
  }
}

/** The export that Stryker loads from a plugin. */
export const strykerPlugins = [{ kind: 'Checker', name: 'sample', injectableClass: SampleChecker }];

/** The options that this plugin adds to Stryker's. */
export const strykerValidationSchema = { properties: { sample: { type: 'object' } } };
