import type { FamilyHeader } from './family.ts';
import { occupiedNames } from './names.ts';

/** Which names on a page are taken, and by which family. */
export interface ReservedNames {
  /**
   * Reserves all names that a family has in either format.
   *
   * @param source name of the family's source, for errors
   * @returns an error that names both families when another one has one of these names; then nothing is reserved
   */
  reserve(family: FamilyHeader, source: string): Error | undefined;
}

/** Makes the reserved names of one page. */
export function createReservedNames(): ReservedNames {
  const owners = new Map<string, { readonly family: FamilyHeader; readonly source: string }>();
  return {
    reserve(family, source) {
      const names = occupiedNames(family);
      for (const name of names) {
        const owner = owners.get(name);
        if (owner === undefined) continue;
        const shared = family.name === owner.family.name ? 'is defined twice' : `takes the name ${name} a second time`;
        return new Error(
          `metric ${family.name} ${shared}: as ${describe(owner.family)} by ${owner.source}, which is served, ` +
            `and as ${describe(family)} by ${source}, which is left out`,
        );
      }
      for (const name of names) owners.set(name, { family, source });
      return undefined;
    },
  };
}

function describe({ name, help, type }: FamilyHeader): string {
  return `${type} ${name} (${JSON.stringify(help)})`;
}
