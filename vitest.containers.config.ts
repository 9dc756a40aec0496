import { defineConfig } from 'vitest/config';

/** The tests that bring the containers up, as `docker compose up` does. They need Docker, and the ports of the demo. */
export default defineConfig({
  test: {
    include: ['test/containers/**/*.test.ts'],
    fileParallelism: false,
    testTimeout: 120_000,
    expect: { poll: { timeout: 100_000 } },
    // Images are pulled and built the first time.
    hookTimeout: 1_200_000,
  },
});
