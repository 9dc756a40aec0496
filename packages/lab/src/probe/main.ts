#!/usr/bin/env node
/*
 * `probe [--watch] URL`: the healthcheck of containers whose image has no other program for it. It exits with 0 when the
 * address answers with a status of 2xx, with 1 and the reason when it does not, with 2 when it is called wrongly. With `--watch` it
 * stays and does nothing, as the process of a container that is there for its healthcheck alone.
 *
 * It runs every few seconds, so it loads nothing but Node's own HTTP client: a tenth of a second of CPU instead of a third.
 */
import { get } from 'node:http';

const timeoutMs = 3_000;
const usage =
  'Usage: probe [--watch] http://host:port/path\n\nExit status: 0 it answers, 1 it does not, 2 wrong usage.\n';

const words = process.argv.slice(2);
const url = URL.parse(words.find((word) => !word.startsWith('-')) ?? '');

if (words.includes('--help') || words.includes('-h')) {
  process.stdout.write(usage);
} else if (url === null || url.protocol !== 'http:' || words.some((word) => /^-(?!-watch$)/.test(word))) {
  end(2, usage);
} else if (words.includes('--watch')) {
  const forever = setInterval(() => undefined, 2 ** 31 - 1);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => clearInterval(forever));
  process.stdout.write(`here for the healthcheck of ${url}\n`);
} else {
  const request = get(url, { timeout: timeoutMs }, ({ statusCode = 0 }) => {
    if (statusCode >= 200 && statusCode < 300) process.exit(0);
    end(1, `${url} answered ${statusCode}\n`);
  });
  request.on('timeout', () => end(1, `${url} did not answer within ${timeoutMs} ms\n`));
  request.on('error', ({ message }) => end(1, `${url} does not answer: ${message}\n`));
}

function end(exitStatus: number, message: string): never {
  process.stderr.write(message);
  process.exit(exitStatus);
}
