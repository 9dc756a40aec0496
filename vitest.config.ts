import { configDefaults, defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['packages/*/src/**/*.test.ts', 'test/**/*.test.ts'],
    // Those need the real parts of the stack: `pnpm test:stack`.
    exclude: [...configDefaults.exclude, 'test/stack/**'],
    // Tests start real services and wait for real ports; a slow machine is no reason to fail.
    testTimeout: 30_000,
    hookTimeout: 30_000,
  },
});
