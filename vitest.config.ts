import { configDefaults, defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['packages/*/src/**/*.test.ts', 'test/**/*.test.ts'],
    // Those need the real parts of the stack (`pnpm test:stack`) or Docker (`pnpm test:containers`).
    exclude: [...configDefaults.exclude, 'test/stack/**', 'test/containers/running/**'],
    // Tests start real services and wait for real ports; a slow machine is no reason to fail.
    testTimeout: 30_000,
    hookTimeout: 30_000,
  },
});
