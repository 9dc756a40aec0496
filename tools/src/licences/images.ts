import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readVersions, type Versions } from '@vmobs/lab/versions';
import { parse } from 'yaml';
import { findFiles } from './repository-files.ts';

/** An image that the repository references but does not contain. */
export interface ReferencedImage {
  /** Its name without the version, such as `grafana/grafana`. */
  readonly name: string;
  readonly version: string;
  /** Its users: services of compose, with the profile that starts them, or a Dockerfile. */
  readonly users: readonly string[];
}

/** The part of a compose file that is read. */
interface ComposeFile {
  readonly services?: Readonly<Record<string, { readonly image?: string; readonly profiles?: readonly string[] }>>;
}

/** The image that is built from this repository. */
const ownImage = 'vmobs';

/**
 * Finds every image that a file of compose/ or a Dockerfile names, sorted by name.
 *
 * @throws Error for a service without image, or with a variable that versions.env lacks.
 */
export async function findImages(root: string): Promise<ReferencedImage[]> {
  const versions = await readVersions(join(root, 'compose/versions.env'));
  const files = (await readdir(join(root, 'compose'))).filter((name) => /\.ya?ml$/.test(name)).sort();
  const found: [image: string, user: string][] = [];
  for (const name of files) found.push(...readCompose(await readFile(join(root, 'compose', name), 'utf8'), name));
  for (const path of await findFiles(root, 'Dockerfile')) {
    found.push(...readDockerfile(await readFile(join(root, path), 'utf8'), path));
  }
  const images = new Map<string, ReferencedImage>();
  for (const [image, user] of found) {
    const reference = fillIn(image, versions);
    const { name, version } = splitReference(reference);
    if (name === ownImage) continue;
    const users = new Set([...(images.get(reference)?.users ?? []), user]);
    images.set(reference, { name, version, users: [...users] });
  }
  return [...images].sort(([left], [right]) => (left < right ? -1 : 1)).map(([, image]) => image);
}

function readCompose(text: string, file: string): [string, string][] {
  const { services = {} }: ComposeFile = parse(text, { merge: true });
  return Object.entries(services).map(([service, { image, profiles = [] }]) => {
    if (image === undefined) throw new Error(`compose/${file}: the service ${service} has no image; name one`);
    return [image, profiles.length === 0 ? service : `${service} (profile ${profiles.join(', ')})`];
  });
}

/** The base images of a Dockerfile, without its own stages. */
function readDockerfile(text: string, path: string): [string, string][] {
  const stages = [...text.matchAll(/^FROM\s+(?:--\S+\s+)*(\S+)(?:\s+AS\s+(\S+))?/gim)];
  const own = new Set(stages.map(([, , name]) => name));
  return stages.flatMap(([, image = '']) => (own.has(image) ? [] : [[image, path] as [string, string]]));
}

function fillIn(image: string, versions: Versions): string {
  return image.replace(/\$\{(\w+)\}/g, (_, name: string) => {
    const value = versions.get(name);
    if (value === undefined) throw new Error(`compose/versions.env has no ${name}, which the image ${image} needs`);
    return value;
  });
}

/** A colon before the last slash belongs to the port of a registry. */
function splitReference(reference: string): { name: string; version: string } {
  const colon = reference.indexOf(':', reference.lastIndexOf('/') + 1);
  return colon === -1
    ? { name: reference, version: 'latest' }
    : { name: reference.slice(0, colon), version: reference.slice(colon + 1) };
}
