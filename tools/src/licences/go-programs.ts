import { basename, dirname, join } from 'node:path';
import { type Recipe, recipes } from '@vmobs/lab/recipes';
import { findFiles, fingerprint } from './repository-files.ts';

/** A Go module of the repository, and the packages that are built from it. */
export interface GoProgram {
  /** Its folder from the root. */
  readonly folder: string;
  /** Packages that are built. */
  readonly packages: readonly string[];
  /** Go build tags. */
  readonly tags: readonly string[];
  /** The module that a part is made of; a program of our own has none. */
  readonly module?: string;
}

/**
 * Finds every Go module of the repository. A part is built as its recipe says, any other module as a whole.
 *
 * @throws Error for a folder of parts/ without a recipe.
 */
export async function findGoPrograms(root: string, known: readonly Recipe[] = recipes): Promise<GoProgram[]> {
  const folders = (await findFiles(root, 'go.mod')).map(dirname);
  return folders.map((folder) => {
    if (dirname(folder) !== 'parts') return { folder, packages: ['./...'], tags: [] };
    const recipe = known.find(({ name }) => name === basename(folder));
    if (recipe === undefined || !('module' in recipe))
      throw new Error(`${folder} has no recipe for a Go module; add one to packages/lab/src/parts/recipes.ts`);
    const { programs, tags = [], module } = recipe;
    return { folder, packages: programs.map((program) => program.package), tags, module };
  });
}

/** A hash of everything that determines the linked modules: go.mod, go.sum, own sources, packages and tags. */
export async function fingerprintProgram(root: string, { folder, packages, tags }: GoProgram): Promise<string> {
  return await fingerprint(join(root, folder), /^go\.(mod|sum)$|\.go$/, { packages, tags });
}
