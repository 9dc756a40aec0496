import { defineConfig } from 'vitest/config';

/** The tests that run the real parts of the stack, built by `pnpm parts`. */
export default defineConfig({
  test: {
    include: ['test/stack/**/*.test.ts'],
    // One after the other: each has the machine for itself.
    fileParallelism: false,
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
