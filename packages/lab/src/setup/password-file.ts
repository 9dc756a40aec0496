import { randomBytes } from 'node:crypto';
import { chmod, readFile, writeFile } from 'node:fs/promises';
import { CommandError } from '@vmobs/settings';

/** Enough random bits, in characters that need no quoting. */
const passwordBytes = 24;

/** Readable for its owner and for its group, which is Grafana's; never rewritten. */
const mode = 0o440;

/**
 * Reads a password from a file, or creates the file with a random one.
 *
 * @throws CommandError when the file can be neither read nor written, or is empty.
 */
export async function keepPassword(file: string): Promise<{ readonly password: string; readonly isNew: boolean }> {
  try {
    const drawn = randomBytes(passwordBytes).toString('base64url');
    const isNew = await writeFile(file, drawn, { flag: 'wx', mode }).then(
      () => true,
      (error: NodeJS.ErrnoException) => {
        if (error.code === 'EEXIST') return false;
        throw error;
      },
    );
    // Restores the bits that a umask removed.
    if (isNew) await chmod(file, mode);
    const password = (await readFile(file, 'utf8')).trim();
    if (password === '') throw new Error('it is empty; remove it to get a new one');
    return { password, isNew };
  } catch (error) {
    throw new CommandError(
      `the password file ${file} cannot be used: ${error instanceof Error ? error.message : error}`,
      {
        cause: error,
      },
    );
  }
}
