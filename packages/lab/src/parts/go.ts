import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { codeOf } from '@vmobs/settings';
import type { GoPart } from './part.ts';
import { MissingToolError, runTool, type ToolOptions } from './run-tool.ts';

const execute = promisify(execFile);

const howToGetGo =
  'install it from https://go.dev/dl (macOS: brew install go), or put the programs themselves on PATH; the demo runs without them, too';

/**
 * Checks that Go is installed and recent enough for a part.
 *
 * From 1.21 on Go fetches a newer release by itself, unless `GOTOOLCHAIN=local` forbids it.
 *
 * @throws MissingToolError that says what is missing and how to get it.
 */
export async function requireGo(part: GoPart, env: NodeJS.ProcessEnv): Promise<void> {
  const wanted = await readWantedGo(part);
  const { version, fetchesNewer } = await askGo(env, wanted);
  if (compareReleases(version, wanted) >= 0) return;
  if (fetchesNewer && compareReleases(version, '1.21') >= 0) return;
  throw new MissingToolError(`Go ${version} is too old: ${part.name} needs Go ${wanted} or newer; ${howToGetGo}`);
}

/** The release that the go.mod of a part asks for. */
async function readWantedGo({ folder }: GoPart): Promise<string> {
  const goMod = await readFile(join(folder, 'go.mod'), 'utf8');
  return /^go (\S+)$/m.exec(goMod)?.[1] ?? '1.21';
}

async function askGo(env: NodeJS.ProcessEnv, wanted: string): Promise<{ version: string; fetchesNewer: boolean }> {
  try {
    // Outside of any module: inside of one, Go would become the release that its go.mod asks for.
    const { stdout } = await execute('go', ['env', 'GOVERSION', 'GOTOOLCHAIN'], { env, cwd: '/' });
    const [release = '', toolchain = ''] = stdout.trim().split('\n');
    return { version: /^go(\d+(\.\d+)*)/.exec(release)?.[1] ?? '0', fetchesNewer: /auto|path/.test(toolchain) };
  } catch (error) {
    const isMissing = codeOf(error) === 'ENOENT';
    const problem = isMissing ? 'is not on PATH' : `does not work (${error instanceof Error ? error.message : error})`;
    throw new MissingToolError(
      `Go ${problem}: the parts are built from their Go modules with Go ${wanted} or newer; ${howToGetGo}`,
    );
  }
}

/** Less than, equal to or greater than 0, as the first release is older than, the same as or newer than the second. */
function compareReleases(first: string, second: string): number {
  const [left, right] = [first, second].map((text) => text.split('.').map((digits) => Number.parseInt(digits, 10)));
  for (const index of [0, 1, 2]) {
    const difference = (left?.[index] ?? 0) - (right?.[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** Runs the Go command in a folder. @returns what it wrote to standard output. @throws ToolError when it fails */
export async function runGo(folder: string, args: readonly string[], options: ToolOptions): Promise<string> {
  // Without C, as the published programs are: no compiler for it is needed, and no library at run time. Flags and workspaces of
  // the user are for the user's own modules.
  const env = { CGO_ENABLED: '0', GOFLAGS: '-buildvcs=false', GOWORK: 'off' };
  return await runTool({ tool: 'go', folder, args, env, describeStep }, options);
}

function describeStep(line: string): string | undefined {
  const [, download] = /^go: downloading (\S+)/.exec(line) ?? [];
  if (download !== undefined) return `downloading ${download}`;
  return /^[\w.~-]+(\/[\w.~-]+)*$/.test(line) ? `compiling ${line}` : undefined;
}
