import { chmod, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CommandError } from '@vmobs/settings';
import { keepPassword } from './password-file.ts';

/** Where the replicas of billaged find their database, as compose/scale.yaml has it. */
const database = { user: 'billaged', host: 'postgres', port: 5432, name: 'billaged' };

/**
 * Keeps two files in a folder: `password`, which is drawn where there is none, and `url`, which has it, for the replicas of
 * billaged.
 *
 * @throws CommandError when a file can be neither read nor written
 */
export async function keepDatabaseSecrets(folder: string): Promise<{ readonly isNew: boolean }> {
  const { password, isNew } = await keepPassword(join(folder, 'password'));
  const { user, host, port, name } = database;
  const file = join(folder, 'url');
  const draft = `${file}.new`;
  try {
    await writeFile(draft, `postgres://${user}:${password}@${host}:${port}/${name}\n`, { mode: 0o440 });
    await chmod(draft, 0o440);
    // In one step, so that nobody reads half of it.
    await rename(draft, file);
  } catch (error) {
    throw new CommandError(`the file ${file} cannot be written: ${error instanceof Error ? error.message : error}`, {
      cause: error,
    });
  }
  return { isNew };
}
