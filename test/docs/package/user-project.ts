import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** The oldest Node that the library says it runs on, and the one of this repository. */
export const nodeExecutables = {
  oldest: fileIn(import.meta.resolve('node-22/package.json'), 'bin/node'),
  current: fileIn(import.meta.resolve('node/package.json'), 'bin/node'),
} as const;

/** A project of somebody who uses the library. */
export interface UserProject {
  /** The Node that it runs on. */
  readonly node: string;
  readonly folder: string;
  /** Writes a file of the project. @returns its path */
  write(name: string, text: string): Promise<string>;
  /** Copies a file into it. @returns its path there */
  copy(file: string): Promise<string>;
}

/**
 * Makes an empty project and installs packages with npm, from the registry, on a version of Node.
 *
 * @throws Error when a package says that it does not run on that version
 */
export async function createUserProject(
  folder: string,
  node: string,
  packages: readonly string[],
): Promise<UserProject> {
  await mkdir(folder);
  const write = async (name: string, text: string) => {
    const path = join(folder, name);
    await writeFile(path, text);
    return path;
  };
  await write('package.json', JSON.stringify({ name: 'shop', private: true, type: 'module' }));
  const flags = ['--engine-strict', '--prefer-offline', '--no-audit', '--no-fund', '--loglevel=error'];
  const npm = fileIn(import.meta.resolve('npm/package.json'), 'bin/npm-cli.js');
  await run(node, [npm, 'install', ...flags, ...packages], {
    cwd: folder,
    env: { ...systemCertificates(), ...process.env },
  });
  return { node, folder, write, copy: async (file) => write(basename(file), await readFile(file, 'utf8')) };
}

/** The path of a file in a package, by the URL of its manifest. */
export function fileIn(manifest: string, file: string): string {
  return fileURLToPath(new URL(file, manifest));
}

/** A Node from npm knows its own authorities alone, and behind a proxy the registry may have one that only the system knows. */
function systemCertificates(): NodeJS.ProcessEnv {
  const bundle = '/etc/ssl/certs/ca-certificates.crt';
  return existsSync(bundle) ? { NODE_EXTRA_CA_CERTS: bundle } : {};
}
