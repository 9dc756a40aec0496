import { readdir, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { buildPart } from './build-part.ts';
import type { PartsConfig } from './config.ts';
import { findAllPrograms, listParts } from './find-parts.ts';
import { type Part, readParts } from './part.ts';
import { createProgress, type Progress } from './progress.ts';
import { MissingToolError } from './run-tool.ts';

/**
 * Builds the parts that are neither in the cache nor on PATH at a matching version.
 *
 * @returns the exit status.
 * @throws CommandError when Go is missing or a part cannot be built; what was built before that stays. A part that only tests
 * need is left out without its tools, unless it is the only one that was asked for.
 */
export async function runParts({ only, cache: cacheSetting, list }: PartsConfig): Promise<number> {
  const { env, stdout } = process;
  const cache = resolve(cacheSetting);
  const parts = (await readParts()).filter(({ name }) => only.some((chosen) => chosen === name));
  if (list) {
    stdout.write(`${(await listParts(parts, { env, cache })).join('\n')}\n`);
    return 0;
  }

  const progress = createProgress(stdout);
  const ending = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => ending.abort());
  for (const part of parts) {
    const title = `${part.name} ${part.version}`;
    const found = await findAllPrograms(part, { env, cache });
    if (found !== undefined) {
      progress.say(`${title}: there, ${found.map(({ path }) => path).join(', ')}`);
      continue;
    }
    progress.say(`${title}: building, about ${part.minutes} min on two cores`);
    progress.start(title);
    const onStep = progress.step;
    const building = buildPart(part, { cache, env, onStep, signal: ending.signal }).catch((error: unknown) => {
      if (error instanceof MissingToolError && 'isForTests' in part && part.isForTests && parts.length > 1)
        return error;
      throw error;
    });
    const { result, seconds } = await settling(progress, building);
    if (typeof result === 'string') {
      progress.say(`${title}: built in ${seconds.toFixed(0)} s, ${await describeFiles(part, result)}`);
    } else progress.say(`${title}: skipped, only tests need it; ${result.message}`);
  }
  progress.say(`the parts are in ${cache}; the demo and the tests find them there`);
  return 0;
}

/** Waits for work and ends its progress line, also when the work fails. */
async function settling<T>(progress: Progress, work: Promise<T>): Promise<{ result: T; seconds: number }> {
  let seconds = 0;
  const result = await work.finally(() => {
    seconds = progress.settle();
  });
  return { result, seconds };
}

async function describeFiles({ programs }: Part, folder: string): Promise<string> {
  const files = (await readdir(folder, { recursive: true })).map((name) => stat(join(folder, name)));
  const size = (await Promise.all(files)).reduce((sum, file) => sum + file.size, 0);
  return `${programs.map(({ name }) => join(folder, name)).join(', ')} (${(size / 1e6).toFixed(0)} MB)`;
}
