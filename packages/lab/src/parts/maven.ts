import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { MavenRecipe } from './recipes.ts';
import { MissingToolError, runTool, type ToolOptions } from './run-tool.ts';

const execute = promisify(execFile);

/**
 * Checks that Maven and a recent enough Java compiler are installed.
 *
 * @throws MissingToolError that says what is missing and how to get it.
 */
export async function requireJava({ name, java }: MavenRecipe, env: NodeJS.ProcessEnv): Promise<void> {
  const howToGet = `install a JDK ${java} or newer and Maven (Debian: apt install maven; macOS: brew install maven)`;
  for (const [tool, flag] of [
    ['javac', '-version'],
    ['mvn', '--version'],
  ] as const) {
    const { stdout, stderr } = await execute(tool, [flag], { env }).catch(() => {
      throw new MissingToolError(`${tool} is not on PATH or does not work: ${name} needs it; ${howToGet}`);
    });
    const release = Number(/^javac (\d+)/m.exec(stdout + stderr)?.[1] ?? java);
    if (release < java) throw new MissingToolError(`Java ${release} is too old: ${name} needs ${java}; ${howToGet}`);
  }
}

/** Runs Maven in a folder, non-interactively. @throws ToolError when it fails */
export async function runMaven(folder: string, args: readonly string[], options: ToolOptions): Promise<void> {
  await runTool({ tool: 'mvn', folder, args: ['--batch-mode', ...args], describeStep }, options);
}

function describeStep(line: string): string | undefined {
  const [, file] =
    /^\[INFO\] Downloading from \S+: \S+\/(\S+)$/.exec(line) ?? /^Downloading from \S+: \S+\/(\S+)$/.exec(line) ?? [];
  return file === undefined ? undefined : `downloading ${file}`;
}
