import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['packages/*/src/**/*.test.ts', 'test/**/*.test.ts'],
    // Tests start real services and wait for real ports; a slow machine is no reason to fail.
    testTimeout: 30_000,
    hookTimeout: 30_000,
  },
});
