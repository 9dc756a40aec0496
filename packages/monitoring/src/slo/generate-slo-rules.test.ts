import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { generateSloRules } from './generate-slo-rules.ts';
import { readSlos } from './read-slos.ts';
import { renderRules } from './render-rules.ts';
import { sloRuleGroup } from './rules.ts';

const root = join(import.meta.dirname, '../../../..');
const guide = {
  slis: [
    'metald_availability',
    'metald_latency_p99',
    'billing_data_completeness',
    'billaged_processing_success',
    'billaged_aggregation_latency',
  ],
  slos: [
    { name: 'metald API Availability', sli: 'metald_availability', objective: 99.9 },
    { name: 'metald API Latency', sli: 'metald_latency_p99', objective: 99, objective_threshold: 0.5 },
    { name: 'Billing Data Completeness', sli: 'billing_data_completeness', objective: 99.99 },
    { name: 'billaged Processing Success', sli: 'billaged_processing_success', objective: 99.95 },
  ],
};

test('the committed rules are what is generated', async () => {
  const files = await generateSloRules(root);
  expect([...files.keys()]).toEqual(['compose/prometheus/rules/slo.yml']);
  for (const [path, content] of files) expect(content).toBe(await readFile(join(root, path), 'utf8'));
});

test('the generated rules for 100 percent equal those that promtool tests', async () => {
  const file = 'compose/prometheus/tests/fixtures/slo-objective-100.slos.yaml';
  const text = await readFile(join(root, file), 'utf8');
  const slos = readSlos(text, { file, bucketsOf: () => undefined });
  await expect(renderRules(slos.map(sloRuleGroup), file)).toMatchFileSnapshot(
    join(root, file.replace('.slos.yaml', '.rules.yml')),
  );
});

test('the names and numbers of the guide are kept', async () => {
  const written = parse(await readFile(join(root, 'packages/monitoring/slos.yaml'), 'utf8'));
  expect(written.slis.map(({ name }: { name: string }) => name)).toEqual(guide.slis);
  expect(written.slos).toMatchObject([...guide.slos.map((slo) => ({ ...slo, window: '30d' })), { window: '30d' }]);
});

test('the edges of buckets can be given', async () => {
  await expect(generateSloRules(root, { bucketsOf: () => [0.25, 5] })).rejects.toThrow(
    'metald_api_duration_seconds has no bucket with le="0.5"; allowed is one of le="0.25" le="5.0"',
  );
});
