import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { generateDashboards, generateSloRules } from '@vmobs/monitoring';
import { readCatalogues } from './catalogues.ts';
import { compileFastDecoder } from './fast-decoder.ts';
import { writeLicenceDocument } from './licences/document.ts';
import { takeInventory } from './licences/inventory.ts';
import { writeMetricsReference } from './metrics-reference.ts';
import { writeMutantDocument } from './mutants/document.ts';
import { readRecord, recordFile } from './mutants/record.ts';
import { generateWire, wireOutput } from './wire.ts';

/*
 * Writes all generated files of the repository. With --check it writes nothing, lists the files that are out of date, and
 * exits with status 1 if there are any.
 */

const root = join(import.meta.dirname, '../..');
const usage = `Usage: npx -y pnpm@12 generate [--check]

Writes all generated files. With --check it writes nothing, and lists the files that are out of date.
Exit status: 0 done or up to date, 1 out of date, 2 another flag.
`;
const { check: isCheck, help } = readFlags();
if (help) {
  process.stdout.write(usage);
  process.exit(0);
}

const catalogues = await readCatalogues();
const entries = [...catalogues.metald, ...catalogues.billaged];
const bucketsOf = (metric: string) => entries.find(({ name }) => name === metric)?.buckets;
const wanted = new Map([
  ...(await generateWire(root)),
  ...(await compileFastDecoder(root)),
  ['docs/metrics.md', writeMetricsReference(catalogues)] as const,
  ['docs/licences.md', writeLicenceDocument(await takeInventory(root))] as const,
  ['docs/mutants.md', writeMutantDocument(await readRecord(join(root, recordFile)))] as const,
  ['packages/monitoring/src/promql/catalogue.json', `${JSON.stringify(catalogues, null, 2)}\n`] as const,
  ...generateDashboards(),
  ...(await generateSloRules(root, { bucketsOf })),
]);
const stale: string[] = [];

for (const [path, content] of wanted) {
  const current = await readFile(join(root, path), 'utf8').catch(() => undefined);
  if (current === content) continue;
  stale.push(path);
  if (isCheck) continue;
  await mkdir(dirname(join(root, path)), { recursive: true });
  await writeFile(join(root, path), content);
}

const committed = await readdir(join(root, wireOutput), { recursive: true, withFileTypes: true }).catch(() => []);
for (const entry of committed.filter((file) => file.isFile())) {
  const path = join(entry.parentPath, entry.name).slice(root.length + 1);
  if (wanted.has(path)) continue;
  stale.push(path);
  if (!isCheck) await rm(join(root, path));
}

if (isCheck && stale.length > 0) {
  process.stderr.write(
    `out of date:\n${stale.map((path) => `  ${path}\n`).join('')}run \`npx -y pnpm@12 generate\` and commit\n`,
  );
  process.exitCode = 1;
} else {
  process.stdout.write(
    isCheck ? `${wanted.size} generated files are up to date\n` : `${stale.length} generated files written\n`,
  );
}

function readFlags(): { readonly check: boolean; readonly help: boolean } {
  const flag = { type: 'boolean', default: false } as const;
  try {
    return parseArgs({ options: { check: flag, help: { ...flag, short: 'h' } } }).values;
  } catch (error) {
    process.stderr.write(`generate: ${error instanceof Error ? error.message : String(error)}\n\n${usage}`);
    process.exit(2);
  }
}
