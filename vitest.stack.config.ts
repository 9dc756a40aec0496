import { defineConfig } from 'vitest/config';

/** The tests that run the real parts of the stack, built by `pnpm parts`. */
export default defineConfig({
  test: {
    include: ['test/stack/**/*.test.ts', 'tools/src/**/*.stack.test.ts'],
    // One after the other: each has the machine for itself.
    fileParallelism: false,
    // These limits end what hangs; a slow machine does not reach them.
    testTimeout: 300_000,
    hookTimeout: 300_000,
    expect: { poll: { timeout: 100_000 } },
  },
});
