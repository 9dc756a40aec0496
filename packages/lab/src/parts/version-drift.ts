import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { GoPart, MavenPart, Part } from './part.ts';

/** What must agree with versions.env. */
type VersionedModules = Pick<GoPart, 'name' | 'module' | 'moduleFamily' | 'moduleVersion'>;

/**
 * Compares the go.mod or pom.xml of a part with versions.env.
 *
 * @returns a sentence for each version that differs; none when they agree.
 */
export async function findVersionDrift(part: Part): Promise<string[]> {
  const read = (name: string) => readFile(join(part.folder, name), 'utf8');
  return 'module' in part ? compareVersions(part, await read('go.mod')) : compareProperty(part, await read('pom.xml'));
}

/** Compares the text of a pom.xml with the version that versions.env wants. */
function compareProperty(
  { name, versionProperty, version }: Pick<MavenPart, 'name' | 'versionProperty' | 'version'>,
  pom: string,
): string[] {
  const [, found] = new RegExp(`<${RegExp.escape(versionProperty)}>(.*?)</`).exec(pom) ?? [];
  if (found === version) return [];
  return [
    `parts/${name}/pom.xml has ${versionProperty} ${found}, compose/versions.env wants ${version}; change one of them`,
  ];
}

/** Compares the text of a go.mod with the version that versions.env wants. */
export function compareVersions(part: VersionedModules, goMod: string): string[] {
  const { name, module, moduleFamily, moduleVersion } = part;
  const required = readRequired(goMod);
  const differing = [...required].filter(([path, version]) => {
    const isOfPart = path === module || (moduleFamily !== undefined && path.startsWith(moduleFamily));
    return isOfPart && version !== moduleVersion;
  });
  const sentences = differing.map(
    ([path, version]) =>
      `parts/${name}/go.mod requires ${path} ${version}, compose/versions.env wants ${moduleVersion}; change one of them`,
  );
  return required.has(module) ? sentences : [...sentences, `parts/${name}/go.mod does not require ${module}`];
}

/** The versions that a go.mod requires, by module path. */
function readRequired(goMod: string): Map<string, string> {
  const required = new Map<string, string>();
  let block = '';
  for (const line of goMod.split('\n')) {
    const opened = /^(\w+) \($/.exec(line)?.[1];
    if (opened !== undefined) block = opened;
    else if (line === ')') block = '';
    const [, path, version] = (block === 'require' ? /^\t(\S+) (v\S+)/ : /^require (\S+) (v\S+)/).exec(line) ?? [];
    if (path !== undefined && version !== undefined) required.set(path, version);
  }
  return required;
}
