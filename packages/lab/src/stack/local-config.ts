import { cp, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { divideDurations } from './fast-clock.ts';

/** Options of `copyConfigForThisHost`. */
export interface LocalConfigOptions {
  /** Folder of a component under compose/. */
  readonly from: string;
  /** Where its copy goes. */
  readonly to: string;
  /** What names and paths among containers are on this host: `metald-sim:9464`, `/etc/prometheus/`. */
  readonly local: Readonly<Record<string, string>>;
  /** How many times faster than written durations pass. @default 1 */
  readonly speed?: number;
}

/**
 * Copies the configuration of a component so that it works on this host without containers: the very same files, with
 * service names, ports and container paths put in their local form, and nothing else changed.
 */
export async function copyConfigForThisHost({ from, to, local, speed = 1 }: LocalConfigOptions): Promise<void> {
  await cp(from, to, { recursive: true });
  const entries = await readdir(to, { recursive: true, withFileTypes: true });
  // One pass for all, so that what was put in is not looked at again; a name that begins another comes after it.
  const names = Object.keys(local).sort((one, other) => other.length - one.length);
  const anyName = new RegExp(`(?<![\\w.-])(?:${names.map((name) => RegExp.escape(name)).join('|')})(?!\\d)`, 'g');
  for (const entry of entries.filter((file) => file.isFile() && /\.(ya?ml|tmpl)$/.test(file.name))) {
    const path = join(entry.parentPath, entry.name);
    const text = (await readFile(path, 'utf8')).replace(anyName, (name) => local[name] ?? name);
    await writeFile(path, speed === 1 ? text : divideDurations(text, speed));
  }
}
