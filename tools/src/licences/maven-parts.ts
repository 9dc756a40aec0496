import { dirname, join } from 'node:path';
import { type MavenRecipe, type Recipe, recipes } from '@vmobs/lab/recipes';
import { findFiles, fingerprint } from './repository-files.ts';

/** A folder with a `pom.xml` whose jars are built into a part. */
export interface MavenPart {
  /** Its folder from the root. */
  readonly folder: string;
  readonly recipe: MavenRecipe;
}

/**
 * Finds every part that is built from libraries of Maven Central.
 *
 * @throws Error for a `pom.xml` in a folder without such a recipe.
 */
export async function findMavenParts(root: string, known: readonly Recipe[] = recipes): Promise<MavenPart[]> {
  const folders = (await findFiles(root, 'pom.xml')).map(dirname);
  return folders.map((folder) => {
    const recipe = known.find(({ name }) => join('parts', name) === folder);
    if (recipe === undefined || !('java' in recipe))
      throw new Error(`${folder} has no Maven recipe; add one to packages/lab/src/parts/recipes.ts`);
    return { folder, recipe };
  });
}

/** A hash of everything that determines the jars of a part. */
export async function fingerprintJars(root: string, { folder }: MavenPart): Promise<string> {
  return await fingerprint(join(root, folder), /^(pom\.xml|jars\.sha256)$/);
}
