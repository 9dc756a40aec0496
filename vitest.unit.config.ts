import { globSync, readFileSync } from 'node:fs';
import { defineConfig } from 'vitest/config';

/** What a test file uses that opens a port, starts a process or a database, or waits for a disk. */
const slow =
  /from 'node:(child_process|http|http2|net|worker_threads)'|\bfetch\(|\bstart(Telemetry|Metald|Billaged|Lab)\b|\/testing\/|\/testing\.ts|mkdtemp|postgres|sqlite/i;

const all = globSync(['packages/*/src/**/*.test.ts', 'tools/src/**/*.test.ts']);

/** The tests that need nothing but the processor: a few seconds after each change of the code. */
export default defineConfig({
  test: {
    include: all.filter((file) => !slow.test(readFileSync(file, 'utf8'))),
    // They share workers: to start one for each file takes longer than the tests.
    isolate: false,
    testTimeout: 60_000,
    hookTimeout: 60_000,
    expect: { poll: { timeout: 50_000 } },
  },
});
