import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { findPackageJSON } from 'node:module';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

/** Names of the subjects, in the order of the report. */
export const subjectNames = [
  'constant-buffer',
  'ours',
  'prom-client',
  '@prometheus-io/client',
  'opentelemetry',
  'go-promhttp',
] as const;

/** Name of a subject. */
export type SubjectName = (typeof subjectNames)[number];

/** A process that serves the metrics of a fleet. */
export interface SubjectProcess {
  readonly port: number;
  readonly pid: number;
  /** Calls one of the controls of `serve-subject.ts`. */
  ask(path: string): Promise<{ readonly cpuSeconds: number; readonly stallSeconds?: number }>;
  end(): Promise<void>;
}

const nodeProgram = fileURLToPath(new URL('./serve-subject.ts', import.meta.url));
const goModule = fileURLToPath(new URL('../../peers/go-promhttp', import.meta.url));
const goProgram = fileURLToPath(new URL('../../node_modules/.cache/go-promhttp', import.meta.url));

/** Starts a subject and waits until it serves. @throws Error when it ends instead. */
export async function startSubject(name: SubjectName, seriesCount: number): Promise<SubjectProcess> {
  const [command, args] =
    name === 'go-promhttp'
      ? [goProgram, []]
      : // Some peers need more memory for a million series than Node's default limit of 4 GB.
        [process.execPath, ['--max-old-space-size=12000', nodeProgram, name]];
  const child = spawn(command, [...args, String(seriesCount)], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(child, 'exit');
  const early = ended.then(([status]) => {
    throw new Error(`${name} ended with status ${status}`);
  });
  const [line] = await Promise.race([once(createInterface(child.stdout), 'line'), early]);
  const { port }: { port: number } = JSON.parse(String(line));
  return {
    port,
    pid: child.pid ?? 0,
    async ask(path) {
      const response = await fetch(`http://127.0.0.1:${port}${path}`);
      return JSON.parse(await response.text());
    },
    async end() {
      child.kill('SIGKILL');
      await Promise.allSettled([ended, early]);
    },
  };
}

/** Builds the Go program. @returns the version of Go; `undefined` if it is not installed */
export async function buildGoSubject(): Promise<string | undefined> {
  const go = (...args: string[]) => promisify(execFile)('go', args, { cwd: goModule });
  const version = await go('version').catch(() => undefined);
  if (version === undefined) return undefined;
  await go('build', '-o', goProgram, '.');
  return version.stdout.trim();
}

const npmPeers = [
  'prom-client',
  '@prometheus-io/client',
  '@opentelemetry/exporter-prometheus',
  '@opentelemetry/sdk-metrics',
];

/** The peers from npm with their installed versions, such as `prom-client 15.1.3`. */
export async function peerVersions(): Promise<string[]> {
  return Promise.all(
    npmPeers.map(async (name) => {
      const path = findPackageJSON(name, import.meta.url);
      if (path === undefined) throw new Error(`${name} is not installed; run pnpm install`);
      const { version }: { version: string } = JSON.parse(await readFile(path, 'utf8'));
      return `${name} ${version}`;
    }),
  );
}
