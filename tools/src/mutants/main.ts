#!/usr/bin/env node
import { setPriority } from 'node:os';
import { join } from 'node:path';
import { kinds, runCommand, type SettingValues, setting, UsageError } from '@vmobs/settings';
import packageJson from '../../package.json' with { type: 'json' };
import { goal, groups, type MutantGroup } from './groups.ts';
import { readRecord, recordFile, type Score, scoreOf, survivorsOf, writeRecord } from './record.ts';
import { reportFolder, runMutants } from './run-mutants.ts';
import { chanceOfFalseAlarm, chanceOfSoFew, drawGroup, planSample, recordedShare } from './sample.ts';

const root = join(import.meta.dirname, '../../..');
const words = process.argv.slice(2);
const firstFlag = words.findIndex((word) => word.startsWith('-'));
const names = firstFlag === -1 ? words : words.slice(0, firstFlag);

const settings = {
  sampleMs: setting({
    variables: [],
    flag: 'sample',
    kind: kinds.duration,
    default: 0,
    help: 'try a random sample of a random group that takes about this long; 0 tries all mutants of all groups',
  }),
  seed: setting({
    variables: [],
    flag: 'seed',
    kind: kinds.integer({ min: 0, max: 2 ** 32 }),
    default: Math.floor(Math.random() * 1_000_000),
    help: 'seed of the sample; the same seed draws the same group and mutants from the same sources',
  }),
  concurrency: setting({
    variables: [],
    flag: 'concurrency',
    kind: kinds.integer({ min: 1, max: 64 }),
    default: 2,
    help: 'mutants to try at a time',
  }),
  isRecorded: setting({
    variables: [],
    flag: 'record',
    kind: kinds.boolean,
    default: false,
    help: `write the results to ${recordFile}; with --sample, those of a sample of each group`,
  }),
};

await runCommand({
  name: 'mutants',
  version: packageJson.version,
  summary: `Makes small changes to the code that must be exact, one at a time, and reports the changes that no test detects. Names of groups come before the flags; the default is all: ${groups.map(({ name }) => name).join(', ')}.`,
  argv: words.slice(names.length),
  settings,
  prefixes: [],
  statuses: { 3: 'too few mutants were killed' },
  main: async (values) => {
    process.chdir(root);
    setPriority(10);
    const chosen = chooseGroups();
    if (values.sampleMs > 0 && !values.isRecorded) return await trySample(chosen, values);
    let isEnough = true;
    for (const group of chosen) isEnough = (await tryGroup(group, values)) && isEnough;
    return isEnough ? 0 : 3;
  },
});

function chooseGroups(): readonly MutantGroup[] {
  const unknown = names.find((name) => !groups.some((group) => group.name === name));
  if (unknown === undefined) return names.length === 0 ? groups : groups.filter(({ name }) => names.includes(name));
  throw new UsageError(`there is no group ${unknown}; the groups are ${groups.map(({ name }) => name).join(', ')}`);
}

/** Tries a group and compares its score with the goal. */
async function tryGroup(group: MutantGroup, values: SettingValues<typeof settings>): Promise<boolean> {
  const { sampleMs, concurrency, isRecorded } = values;
  const sample = sampleMs > 0 ? planSample(group, await readRecord(recordFile), values) : undefined;
  const begin = performance.now();
  const { mutants, tried } = await runMutants({ group, concurrency, sample });
  const seconds = Math.round((performance.now() - begin) / 1_000);
  const score = scoreOf(tried);
  say(
    `${group.name}: ${describe(score)}, in ${seconds} s; ${reportFolder}/${group.name}.html shows the mutants in the code`,
  );
  if (isRecorded) {
    const survivors = await survivorsOf(tried, root);
    await writeRecord(recordFile, { [group.name]: { mutants, ...score, seconds, survivors } });
  }
  return score.noticed >= goal * score.tried;
}

/** Tries a sample of one of the chosen groups, drawn by the seed, and compares its score with the recorded one. */
async function trySample(chosen: readonly MutantGroup[], values: SettingValues<typeof settings>): Promise<number> {
  const record = await readRecord(recordFile);
  const group = drawGroup(chosen, values.seed);
  const sample = planSample(group, record, values);
  const share = recordedShare(group, record);
  const again = `pnpm mutants ${group.name} --sample ${kinds.duration.format?.(values.sampleMs)} --seed ${values.seed}`;
  say(`${(sample.share * 100).toFixed(1)} % of the mutants of ${group.name}; \`${again}\` draws the same`);
  const { tried } = await runMutants({ group, concurrency: values.concurrency, sample });
  const score = scoreOf(tried);
  const chance = chanceOfSoFew(score, share);
  say(`${group.name}: ${describe(score)}; the recorded score is at least ${(share * 100).toFixed(1)} %`);
  if (chance >= chanceOfFalseAlarm) return 0;
  say(
    `this is too few: by chance, it happens in one of ${Math.floor(1 / chance)} samples; the survivors are listed above`,
  );
  return 3;
}

function describe({ tried, noticed }: Score): string {
  return `${noticed} of ${tried} mutants killed, ${((noticed / tried) * 100).toFixed(1)} %`;
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
