import { execFile } from 'node:child_process';
import { join } from 'node:path';

/** The repository, where `docker compose` finds .env. */
const root = join(import.meta.dirname, '../..');

/** A project of its own, so that the volumes of a demo that a user has are not touched. */
const project = 'vmobs-test';

/** How a command ended and what it wrote. */
export interface Outcome {
  readonly status: number | string;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program in the root of the repository. */
export function run(program: string, flags: readonly string[]): Promise<Outcome> {
  // Where the classic builder is asked for, Compose would warn that Bake needs BuildKit.
  const env = { ...process.env, COMPOSE_PROJECT_NAME: project, COMPOSE_BAKE: 'false' };
  return new Promise((resolve) => {
    execFile(program, flags, { cwd: root, env, maxBuffer: 16 * 1024 ** 2 }, (error, stdout, stderr) => {
      resolve({ status: error === null ? 0 : (error.code ?? error.signal ?? 1), stdout, stderr });
    });
  });
}

/** Runs `docker compose` with the files of the repository, in the project of the tests. */
export const dockerCompose = (...flags: string[]): Promise<Outcome> => run('docker', ['compose', ...flags]);
