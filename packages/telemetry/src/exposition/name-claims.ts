import type { FamilyHeader, MetricType } from './family.ts';
import { declaredName } from './series-line.ts';

/** Which names on a page are taken, and by which family. */
export interface NameClaims {
  /**
   * Takes all names that a family has in either format.
   *
   * @param source how errors speak of the source of the family
   * @returns an error that names both families when another has one of them already; then nothing is taken
   */
  claim(family: FamilyHeader, source: string): Error | undefined;
}

/**
 * What samples of a type are called after the name that it is declared with in OpenMetrics. The name itself is always
 * taken; `_created` is reserved there.
 */
const suffixes: Readonly<Record<MetricType, readonly string[]>> = {
  counter: ['_total', '_created'],
  gauge: [],
  unknown: [],
  histogram: ['_bucket', '_sum', '_count', '_created'],
  summary: ['_sum', '_count', '_created'],
};

/** Makes the claims of one page. */
export function claimNames(): NameClaims {
  const owners = new Map<string, { readonly family: FamilyHeader; readonly source: string }>();
  return {
    claim(family, source) {
      const declared = declaredName(family);
      const names = [declared, ...suffixes[family.type].map((suffix) => `${declared}${suffix}`)];
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
