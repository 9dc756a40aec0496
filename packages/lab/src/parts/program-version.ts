import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const execute = promisify(execFile);

/** How long a program may take to print its version, on a busy machine. */
const answerLimitMs = 10_000;

/**
 * Asks a program for its version with `--version`.
 *
 * @returns `undefined` when it cannot be started, fails, or says none.
 */
export async function askVersion(path: string): Promise<string | undefined> {
  try {
    const { stdout, stderr } = await execute(path, ['--version'], { timeout: answerLimitMs });
    // The published VictoriaLogs prints its git description: victoria-logs-20260801-120000-tags-v1.52.1-0-gabcdef.
    return /(?:\bversion[ :]+v?|-tags-v)(\d+\.\d+\.\d+)/.exec(stdout + stderr)?.[1];
  } catch {
    // One that cannot be asked is no part, for whatever reason.
    return undefined;
  }
}

/**
 * Whether a program that somebody else has installed can stand in for a version: the same major and minor number. The
 * configuration and the metrics of all parts may change with a minor version, and do not with a patch.
 */
export function doesVersionFit(version: string, wanted: string): boolean {
  const line = (text: string) => text.split('.').slice(0, 2).join('.');
  return line(version) === line(wanted);
}
