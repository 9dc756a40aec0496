import { stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { buildPart } from './build-part.ts';
import type { PartsConfig } from './config.ts';
import { findAllPrograms } from './find-parts.ts';
import { listParts } from './list-parts.ts';
import { type Part, readParts } from './part.ts';
import { createProgress, type Progress } from './progress.ts';

/**
 * Builds the parts that are neither in the cache nor, at a version that fits, on PATH.
 *
 * @returns the exit status.
 * @throws CommandError when Go is missing or a part cannot be built; what was built before that stays.
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
    const { result: folder, seconds } = await settling(
      progress,
      buildPart(part, { cache, env, onStep, signal: ending.signal }),
    );
    progress.say(`${title}: built in ${seconds.toFixed(0)} s, ${await describeFiles(part, folder)}`);
  }
  progress.say(`the parts are in ${cache}; the demo and the tests find them there`);
  return 0;
}

/** Waits for work and ends its line of progress, however the work ends. */
async function settling<T>(progress: Progress, work: Promise<T>): Promise<{ result: T; seconds: number }> {
  let seconds = 0;
  const result = await work.finally(() => {
    seconds = progress.settle();
  });
  return { result, seconds };
}

async function describeFiles({ programs }: Part, folder: string): Promise<string> {
  const sizes = programs.map(async ({ name }) => {
    const { size } = await stat(join(folder, name));
    return `${join(folder, name)} (${(size / 1e6).toFixed(0)} MB)`;
  });
  return (await Promise.all(sizes)).join(', ');
}
