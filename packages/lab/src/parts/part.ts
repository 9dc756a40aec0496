import { join } from 'node:path';
import { type GoRecipe, type MavenRecipe, type Recipe, recipes } from './recipes.ts';
import { readVersions, requireVersion, type Versions } from './versions.ts';

/** A recipe at the versions of versions.env. */
export type Part = GoPart | MavenPart;

interface Versioned {
  /** Version of the program that is built. */
  readonly version: string;
  /** Version of the image; the same as `version` unless a module of that version cannot be had. */
  readonly imageVersion: string;
  /** Its folder with go.mod and go.sum, or with pom.xml. */
  readonly folder: string;
}

/** A part that is compiled from a Go module. */
export interface GoPart extends GoRecipe, Versioned {
  /** Version of its Go module. */
  readonly moduleVersion: string;
}

/** A part of libraries from Maven Central. */
export interface MavenPart extends MavenRecipe, Versioned {}

/** The root of this repository. */
export const repositoryRoot = join(import.meta.dirname, '../../../..');

/** Gives a recipe its versions. @throws CommandError that names a variable without value. */
function resolvePart(recipe: Recipe, versions: Versions, { root }: { root: string }): Part {
  const { name, variables } = recipe;
  const imageVersion = requireVersion(versions, `${variables}_VERSION`, versionsFile(root));
  const version = versions.get(`${variables}_BUILT_VERSION`) ?? imageVersion;
  const versioned = { version, imageVersion, folder: join(root, 'parts', name) };
  if (!('module' in recipe)) return { ...recipe, ...versioned };
  return { ...recipe, ...versioned, moduleVersion: versions.get(`${variables}_MODULE_VERSION`) ?? `v${version}` };
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
