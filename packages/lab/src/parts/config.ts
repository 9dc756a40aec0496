import { kinds, type SettingValues, setting } from '@vmobs/settings';
import { defaultCache } from './part-cache.ts';
import { type PartName, recipes } from './recipes.ts';

const names = recipes.map(({ name }) => name);

/** Settings of `pnpm parts`. */
export const partsSettings = {
  only: setting({
    variables: [],
    flag: 'only',
    kind: {
      allowed: `parts, separated by commas, of ${names.join(', ')}`,
      format: (chosen: readonly PartName[]) => chosen.join(','),
      parse(text: string): readonly PartName[] | undefined {
        const words = text.split(',').map((word) => word.trim());
        const chosen = names.filter((name) => words.includes(name));
        return words.every((word) => chosen.some((name) => name === word)) ? chosen : undefined;
      },
    },
    default: names,
    help: 'the parts to build',
  }),
  cache: setting({
    variables: ['VMOBS_PARTS_CACHE'],
    flag: 'cache',
    kind: kinds.path(),
    default: defaultCache(process.env),
    help: 'folder for built programs; the demo and the tests use it as well',
  }),
  list: setting({
    variables: [],
    flag: 'list',
    kind: kinds.boolean,
    default: false,
    help: 'only list the parts and whether they are built',
  }),
};

/** Values of the settings of `pnpm parts`. */
export type PartsConfig = SettingValues<typeof partsSettings>;
