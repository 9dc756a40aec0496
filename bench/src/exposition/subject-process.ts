import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

/** Subjects by the names under which they can be chosen, in the order of the report. */
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
  /** Asks it for one of the things that `serve-subject.ts` lists. */
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
      : // A million series of some of the peers need more than the four gigabytes that Node allows itself.
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

/** Builds the program in Go. @returns the version of Go, or nothing where there is none */
export async function buildGoSubject(): Promise<string | undefined> {
  const go = (...args: string[]) => promisify(execFile)('go', args, { cwd: goModule });
  const version = await go('version').catch(() => undefined);
  if (version === undefined) return undefined;
  await go('build', '-o', goProgram, '.');
  return version.stdout.trim();
}
