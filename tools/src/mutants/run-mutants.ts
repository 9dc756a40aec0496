import { join } from 'node:path';
import { Stryker } from '@stryker-mutator/core';
import type { Sample } from './draw.ts';
import { groupVariable, type MutantGroup, neverMutated } from './groups.ts';

/** A mutant after its run. */
export type TriedMutant = Awaited<ReturnType<Stryker['runMutationTest']>>[number];

/** The result of a run. */
export interface MutantResults {
  /** Number of all mutants of the group. */
  readonly mutants: number;
  /** The mutants that were tried: all, or the sample. */
  readonly tried: readonly TriedMutant[];
}

/** Options of `runMutants`. */
export interface MutantRun {
  readonly group: MutantGroup;
  /** Mutants to try at a time. */
  readonly concurrency: number;
  /** The sample to try. @default all mutants */
  readonly sample?: Sample | undefined;
}

/** Folder of the reports, which git ignores. */
export const reportFolder = 'reports/mutants';

/**
 * Makes mutants in a copy of the repository and runs the tests that reach each of them. The process of a mutant that hangs is
 * killed. Shows progress and survivors; writes the report as HTML and JSON.
 *
 * The working directory must be the root of the repository.
 *
 * @throws when a test fails without any mutant
 */
export async function runMutants({ group, concurrency, sample }: MutantRun): Promise<MutantResults> {
  // The test processes inherit it.
  process.env[groupVariable] = group.name;
  const stryker = new Stryker({
    mutate: [...group.code, ...neverMutated],
    testRunner: 'vitest',
    // Not Stryker's own `testFiles`: with it, Stryker activates mutants after the sources are loaded, too late for some.
    vitest: { related: false, configFile: 'vitest.mutants.config.ts' },
    plugins: [import.meta.resolve('@stryker-mutator/vitest-runner'), import.meta.resolve('./sample-plugin.ts')],
    ...(sample === undefined ? {} : { checkers: ['sample'], sample }),
    coverageAnalysis: 'perTest',
    concurrency,
    // Stryker would rewrite the file with the compiler's JavaScript API, which TypeScript 7 lacks. No test needs the file.
    tsconfigFile: 'none',
    // Vitest strips types without checking them.
    disableTypeChecks: false,
    reporters: ['clear-text', process.stdout.isTTY ? 'progress' : 'progress-append-only', 'json', 'html'],
    clearTextReporter: { logTests: false, reportTests: false, allowColor: process.stdout.isTTY },
    jsonReporter: { fileName: join(reportFolder, `${group.name}.json`) },
    htmlReporter: { fileName: join(reportFolder, `${group.name}.html`) },
    allowConsoleColors: process.stdout.isTTY,
  });
  // A mutant that breaks more than a test, such as the loading of a module, is not counted.
  const results = (await stryker.runMutationTest()).filter(({ status }) => status !== 'RuntimeError');
  return { mutants: results.length, tried: results.filter(({ status }) => status !== 'CompileError') };
}
