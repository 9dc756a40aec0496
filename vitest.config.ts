import { globSync, readFileSync } from 'node:fs';
import { configDefaults, defineConfig } from 'vitest/config';

const besideTheCode = ['packages/*/src/**/*.test.ts', 'tools/src/**/*.test.ts'];

/** What a test file uses that opens a port, starts a process or a database, or waits for a disk. */
const slow =
  /from 'node:(child_process|http|http2|net|worker_threads)'|\bfetch\(|\bstart(Telemetry|Metald|Billaged|Lab)\b|\/testing\/|\/testing\.ts|mkdtemp|postgres|sqlite/i;

/** The tests that need nothing but the processor. */
const unit = globSync(besideTheCode).filter(
  (file) => !file.endsWith('.stack.test.ts') && !slow.test(readFileSync(file, 'utf8')),
);

export default defineConfig({
  test: {
    // The default leaves a core free, which is half of the cores of a small machine; most tests wait.
    maxWorkers: '100%',
    // Tests start real services and wait for real ports. These limits end what hangs; a slow machine does not reach them.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    expect: { poll: { timeout: 100_000 } },
    projects: [
      {
        extends: true,
        // They share workers: to start one for each file takes longer than the tests.
        test: { name: 'unit', include: unit, isolate: false },
      },
      {
        extends: true,
        test: {
          name: 'system',
          include: [...besideTheCode, 'test/**/*.test.ts'],
          // `pnpm test:stack` runs those that need the real parts of the stack, `pnpm test:containers` those that need Docker.
          exclude: [...configDefaults.exclude, 'test/stack/**', 'test/containers/**', '**/*.stack.test.ts', ...unit],
        },
      },
    ],
  },
});
