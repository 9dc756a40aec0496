import { randomBytes } from 'node:crypto';
import { chmod, readFile, writeFile } from 'node:fs/promises';
import { CommandError } from '@vmobs/telemetry';

/** Bits that nobody guesses, in characters that every shell and form takes. */
const passwordBytes = 24;

/** Its owner and its group, which is Grafana's, may read it; nobody writes it again. */
const mode = 0o440;

/**
 * Reads a password from a file, and draws one where there is no file.
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
    // What a umask took away.
    if (isNew) await chmod(file, mode);
    const password = (await readFile(file, 'utf8')).trim();
    if (password === '') throw new Error('it is empty; remove it, and one is drawn');
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
