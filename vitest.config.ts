import { configDefaults, defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['packages/*/src/**/*.test.ts', 'test/**/*.test.ts', 'tools/src/**/*.test.ts'],
    // Those need the real parts of the stack (`pnpm test:stack`) or Docker (`pnpm test:containers`).
    exclude: [...configDefaults.exclude, 'test/stack/**', 'test/containers/**', '**/*.stack.test.ts'],
    // Tests start real services and wait for real ports. These limits end what hangs; a slow machine does not reach them.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    expect: { poll: { timeout: 100_000 } },
  },
});
