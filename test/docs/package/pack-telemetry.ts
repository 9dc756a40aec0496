import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/**
 * Packs the library as publishing it would, after a new build.
 *
 * @returns the tarball
 * @throws Error with what the build says when it fails
 */
export async function packTelemetry(folder: string): Promise<string> {
  const tarball = join(folder, 'telemetry.tgz');
  const cwd = join(import.meta.dirname, '../../../packages/telemetry');
  try {
    await run('npx', ['-y', 'pnpm@12', 'pack', '--out', tarball], { cwd });
  } catch (error) {
    // What is wrong with the build is on standard output, which the error does not show by itself.
    const output = error instanceof Error && 'stdout' in error ? error.stdout : '';
    throw new Error(`the library cannot be packed:\n${output}`, { cause: error });
  }
  return tarball;
}

/** The files in a tarball. */
export async function filesIn(tarball: string): Promise<string[]> {
  const { stdout } = await run('tar', ['-tzf', tarball]);
  return stdout.trim().split('\n').sort();
}
