import { defineConfig } from 'vitest/config';
import { groups, groupVariable } from './tools/src/mutants/groups.ts';

/** The tests of the group whose mutants are tried, for `pnpm mutants`. */
export default defineConfig({
  test: {
    include: groups.find(({ name }) => name === process.env[groupVariable])?.tests.slice() ?? [],
    // With mutants in it, code that counts in a tight loop is ten times as slow. Stryker ends what hangs long before this.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    expect: { poll: { timeout: 20_000 } },
  },
});
