/** A part of the code that must be exact, and the tests that verify it. Paths are globs from the root. */
export interface MutantGroup {
  readonly name: string;
  /** Sources to mutate, without those in `neverMutated`. */
  readonly code: readonly string[];
  /** Tests to run against the mutants. None of them starts a process or PostgreSQL. */
  readonly tests: readonly string[];
}

/** The groups, the fastest first. */
export const groups: readonly MutantGroup[] = [
  {
    name: 'traces',
    code: ['packages/telemetry/src/traces/**/*.ts'],
    tests: ['packages/telemetry/src/traces/**/*.test.ts'],
  },
  {
    name: 'decoder',
    code: ['packages/billaged-sim/src/rpc/batch-decoder/**/*.ts'],
    tests: ['packages/billaged-sim/src/rpc/batch-decoder/**/*.test.ts'],
  },
  {
    name: 'exposition',
    code: [
      'packages/telemetry/src/exposition/**/*.ts',
      'packages/telemetry/src/series-table/**/*.ts',
      'packages/telemetry/src/http/{metrics-handler,scrape-metrics}.ts',
    ],
    // Without churn.test.ts, which proves that rows free their memory: with mutants in the code it takes half a minute.
    tests: [
      'packages/telemetry/src/exposition/**/*.test.ts',
      'packages/telemetry/src/http/metrics-handler*.test.ts',
      'packages/telemetry/src/series-table/**/!(churn).test.ts',
    ],
  },
  {
    name: 'billing',
    code: ['packages/metald-sim/src/billing/**/*.ts'],
    tests: ['packages/metald-sim/src/billing/**/*.test.ts'],
  },
  {
    name: 'ledger',
    // Without PostgreSQL: each mutant would start a server, which takes seconds.
    code: ['packages/billaged-sim/src/ledger/**/*.ts', '!packages/billaged-sim/src/ledger/postgres/**'],
    tests: ['packages/billaged-sim/src/ledger/{*,sqlite/**/*}.test.ts'],
  },
];

/** Share of the mutants that the tests of each group should kill. */
export const goal = 0.85;

/** Files that are not mutated in any group: tests and their helpers, type declarations, generated code. */
export const neverMutated: readonly string[] = [
  '!**/*.test.ts',
  '!**/*.d.ts',
  '!**/testing/**',
  '!**/testing.ts',
  '!**/fast-decoder-module.ts',
];

/** Environment variable that names the group whose tests `vitest.mutants.config.ts` runs. */
export const groupVariable = 'MUTANT_GROUP';
