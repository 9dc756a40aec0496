import { execFile } from 'node:child_process';
import { appendFile, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type PlaceOptions, placePart, type StackPart } from '@vmobs/lab/stack';
import { expect, onTestFinished, test } from 'vitest';
import { requirePart } from './require-part.ts';
import { placeAlone, startParts } from './start-parts.ts';

/*
 * What the parts say of their own configuration, before and when they start. promtool and amtool: rules.test.ts.
 */

const run = promisify(execFile);

/** The files of compose/ in a folder of their own, in their form for this host. */
async function placeOptions(): Promise<PlaceOptions> {
  const folder = await mkdtemp(join(tmpdir(), 'vmobs-config-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  return placeAlone(folder);
}

/** How each part is asked, and the file that it is asked about. */
const checks = [
  ['otelcol', ['validate'], 'otel-collector.yml', {}],
  ['otelcol', ['validate'], 'tail-sampling.yml', { collectorConfig: 'tail-sampling.yml' }],
  ['otelcol', ['validate'], 'scale.yml', { collectorConfig: 'scale.yml' }],
  ['jaeger', ['validate'], 'jaeger.yml', {}],
] as const;

test.each(checks)('%s %o accepts %s, and not a mistake in it', async (part, check, file, more) => {
  const program = await requirePart(part);
  const options = { ...(await placeOptions()), ...more };
  const { flags } = await placePart(part, options);
  const { stdout, stderr } = await run(program, [...check, ...flags]);
  expect(stdout + stderr).not.toMatch(/deprecated|error|warn/i);

  await appendFile(join(options.folder, part, file), '\nno_such_setting: {}\n');
  await expect(run(program, [...check, ...flags])).rejects.toThrow(/no_such_setting/);
});

test('no part calls anything in its configuration deprecated when it starts', async () => {
  const parts: readonly StackPart[] = ['alertmanager', 'victoria-logs', 'jaeger', 'otelcol', 'prometheus'];
  const stack = await startParts(parts, await placeOptions());
  const logFiles = parts.map((part) => stack.part(part).logFile);
  await stack.stop();
  const said = (await Promise.all(logFiles.map((file) => readFile(file, 'utf8')))).join('').split('\n');
  expect(said.length).toBeGreaterThan(parts.length);
  expect(said.filter((line) => /deprecat|no longer|will be removed/i.test(line))).toEqual([]);
});
