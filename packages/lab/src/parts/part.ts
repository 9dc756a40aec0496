import { join } from 'node:path';
import { type Recipe, recipes } from './recipes.ts';
import { readVersions, requireVersion, type Versions } from './versions.ts';

/** A recipe at the versions of versions.env. */
export interface Part extends Recipe {
  /** Version of the program that is built. */
  readonly version: string;
  /** Version of the image; the same as `version` unless a module of that version cannot be had. */
  readonly imageVersion: string;
  /** Version of its Go module. */
  readonly moduleVersion: string;
  /** Its folder with go.mod and go.sum. */
  readonly folder: string;
}

/** The root of this repository. */
export const repositoryRoot = join(import.meta.dirname, '../../../..');

/** Gives a recipe its versions. @throws CommandError that names a variable without value. */
function resolvePart(recipe: Recipe, versions: Versions, { root }: { root: string }): Part {
  const { name, variables } = recipe;
  const imageVersion = requireVersion(versions, `${variables}_VERSION`, versionsFile(root));
  const version = versions.get(`${variables}_BUILT_VERSION`) ?? imageVersion;
  return {
    ...recipe,
    version,
    imageVersion,
    moduleVersion: versions.get(`${variables}_MODULE_VERSION`) ?? `v${version}`,
    folder: join(root, 'parts', name),
  };
}

/**
 * All parts, the most important first.
 *
 * @param root the repository with `compose/versions.env` and `parts/`.
 * @throws CommandError when a version cannot be read.
 */
export async function readParts(root: string = repositoryRoot): Promise<Part[]> {
  const versions = await readVersions(versionsFile(root));
  return recipes.map((recipe) => resolvePart(recipe, versions, { root }));
}

function versionsFile(root: string): string {
  return join(root, 'compose/versions.env');
}
