import { kinds, type SettingValues, setting } from '@vmobs/telemetry';
import { defaultCache } from './part-cache.ts';
import { type PartName, recipes } from './recipes.ts';

const names = recipes.map(({ name }) => name);

/** What `pnpm parts` can be told. */
export const partsSettings = {
  only: setting({
    variables: [],
    flag: 'only',
    kind: {
      allowed: `parts with commas between them, of ${names.join(', ')}`,
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
    kind: kinds.text,
    default: defaultCache(process.env),
    help: 'folder for what is built; the demo and the tests look there, too',
  }),
  list: setting({
    variables: [],
    flag: 'list',
    kind: kinds.boolean,
    default: false,
    help: 'only say which parts are there',
  }),
};

/** Values of the settings of `pnpm parts`. */
export type PartsConfig = SettingValues<typeof partsSettings>;
