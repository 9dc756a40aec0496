import { cp, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { divideDurations } from './fast-clock.ts';

/** Options of `copyConfigForThisHost`. */
export interface LocalConfigOptions {
  /** Folder of a component under compose/. */
  readonly from: string;
  /** Folder of its copy. */
  readonly to: string;
  /** Names and paths within containers, such as `metald-sim:9464` and `/etc/prometheus/`, with their values on this host. */
  readonly local: Readonly<Record<string, string>>;
  /** By how much to divide durations. @default 1 */
  readonly speed?: number;
}

/**
 * Copies the configuration of a part so that it works on this host without containers: the same files, with only service
 * names, ports and container paths replaced by their local values.
 */
export async function copyConfigForThisHost({ from, to, local, speed = 1 }: LocalConfigOptions): Promise<void> {
  await cp(from, to, { recursive: true });
  const entries = await readdir(to, { recursive: true, withFileTypes: true });
  // One pass, so that replaced text is not replaced again; longer names come before their prefixes.
  const names = Object.keys(local).sort((one, other) => other.length - one.length);
  const anyName = new RegExp(`(?<![\\w.-])(?:${names.map((name) => RegExp.escape(name)).join('|')})(?!\\d)`, 'g');
  for (const entry of entries.filter((file) => file.isFile() && /\.(ya?ml|tmpl)$/.test(file.name))) {
    const path = join(entry.parentPath, entry.name);
    const text = (await readFile(path, 'utf8')).replace(anyName, (name) => local[name] ?? name);
    await writeFile(path, speed === 1 ? text : divideDurations(text, speed));
  }
}
