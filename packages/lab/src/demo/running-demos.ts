import { lstat, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A demo that runs on this machine, for commands that find it by themselves. */
export interface RunningDemo {
  /** Id of its process. */
  readonly pid: number;
  /** ISO 8601. */
  readonly startedAt: string;
  /** Folders with the log files of its services. */
  readonly logFolders: readonly string[];
  /** Address of its log store; `null` if there is none. */
  readonly logStoreUrl: string | null;
}

/** A separate folder for each user, because the folder for temporary files is shared. */
const defaultFolder = () => join(tmpdir(), `vmobs-demos-${process.getuid?.() ?? 'user'}`);

/**
 * Records a running demo, unless the folder belongs to another user; then commands need flags to find it.
 *
 * @returns what removes the record
 */
export async function announceDemo(
  demo: RunningDemo,
  folder = defaultFolder(),
  user = process.getuid?.(),
): Promise<() => Promise<void>> {
  const file = join(folder, `${demo.pid}.json`);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  if (!(await belongsTo(user, folder))) return async () => undefined;
  await writeFile(file, JSON.stringify(demo), { mode: 0o600 });
  return () => rm(file, { force: true });
}

/** The latest running demo. @returns `undefined` if none runs */
export async function findRunningDemo(
  folder = defaultFolder(),
  user = process.getuid?.(),
): Promise<RunningDemo | undefined> {
  if (!(await belongsTo(user, folder))) return undefined;
  const demos: RunningDemo[] = [];
  for (const name of await readdir(folder)) {
    const file = join(folder, name);
    const demo = await readDemo(file);
    if (demo === undefined) continue;
    if (isAlive(demo.pid)) demos.push(demo);
    // It was killed. Another process may get its id later.
    else await rm(file, { force: true });
  }
  return demos.sort((one, other) => one.startedAt.localeCompare(other.startedAt)).at(-1);
}

/** Whether a folder exists and belongs to this user. Another user's records could send log lines anywhere. */
async function belongsTo(user: number | undefined, folder: string): Promise<boolean> {
  const status = await lstat(folder).catch(() => undefined);
  return status?.isDirectory() === true && (user === undefined || status.uid === user);
}

/** @returns `undefined` if it has ended meanwhile, or the record is incomplete or of another version */
async function readDemo(file: string): Promise<RunningDemo | undefined> {
  try {
    const demo: unknown = JSON.parse(await readFile(file, 'utf8'));
    return isDemo(demo) ? demo : undefined;
  } catch {
    return undefined;
  }
}

function isDemo(value: unknown): value is RunningDemo {
  const { pid, startedAt, logFolders, logStoreUrl }: Record<string, unknown> = { ...Object(value) };
  return (
    Number.isSafeInteger(pid) &&
    typeof startedAt === 'string' &&
    Array.isArray(logFolders) &&
    logFolders.every((folder) => typeof folder === 'string') &&
    (logStoreUrl === null || typeof logStoreUrl === 'string')
  );
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
