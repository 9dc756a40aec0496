import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** Folder of the generated code, from the root of the repository. */
export const wireOutput = 'packages/wire/src/gen';

/** Generates the code of the wire protocol from its .proto files. @returns contents by path from the root */
export async function generateWire(root: string): Promise<Map<string, string>> {
  const wire = join(root, 'packages/wire');
  const scratch = await mkdtemp(join(tmpdir(), 'vmobs-wire-'));
  try {
    const path = `${join(wire, 'node_modules/.bin')}:${process.env['PATH']}`;
    await promisify(execFile)('buf', ['generate', '--output', scratch], {
      cwd: wire,
      env: { ...process.env, PATH: path },
    });
    const generated = join(scratch, 'src/gen');
    const entries = await readdir(generated, { recursive: true, withFileTypes: true });
    const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
    return new Map(
      await Promise.all(
        files.map(async (file) => [wireOutput + file.slice(generated.length), await readFile(file, 'utf8')] as const),
      ),
    );
  } finally {
    await rm(scratch, { recursive: true });
  }
}
