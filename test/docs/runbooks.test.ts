import { access, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { metricsReference, readAlertRules, readRecordingNames, runbooksFolder } from './rule-files.ts';

const rules = await readAlertRules();
const files = (await readdir(runbooksFolder)).filter((name) => name !== 'README.md');
const reference = await readFile(metricsReference, 'utf8');
const recorded = await readRecordingNames();

/** The names of metrics of the two services that a text mentions, in the form of their families. */
function mentionedMetrics(text: string): string[] {
  const withoutRecorded = recorded.reduce((rest, name) => rest.replaceAll(name, ''), text);
  const names = withoutRecorded.match(/\b(?:metald|billaged)_[a-z_]+\b/g) ?? [];
  return names.map((name) => name.replace(/_(?:bucket|sum|count)$/, ''));
}

describe.each(files)('the runbook %s', async (file) => {
  const text = await readFile(join(runbooksFolder, file), 'utf8');
  const name = file.replace(/\.md$/, '');

  test('belongs to an alert', () => {
    const readers = rules.filter(({ annotations }) => annotations?.['runbook_url']?.endsWith(`/${file}`));
    expect(readers).not.toEqual([]);
  });

  test('has its name as title, and the five sections', () => {
    expect(text.split('\n')[0]).toBe(`# ${name}`);
    expect(text.match(/^## .+$/gm)).toEqual(['## Meaning', '## Diagnose', '## Causes', '## Fix', '## Reproduce']);
  });

  test('links to files that exist', async () => {
    const links = [...text.matchAll(/\]\(([^)#:]+)\)/g)].flatMap(([, link]) => (link === undefined ? [] : [link]));
    await Promise.all(links.map((link) => access(join(runbooksFolder, link))));
  });

  test('asks for metrics that exist', () => {
    const unknown = mentionedMetrics(text).filter((metric) => !reference.includes(`| \`${metric}\` |`));
    expect(unknown).toEqual([]);
  });
});

test('every alert that a runbook names in code exists', async () => {
  const known = new Set(rules.map(({ alert }) => alert));
  const texts = await Promise.all(files.map((file) => readFile(join(runbooksFolder, file), 'utf8')));
  const named = texts.flatMap((text) => [...text.matchAll(/alertname="([A-Za-z]+)"/g)].map(([, alert]) => alert));
  expect(named.filter((alert) => alert === undefined || !known.has(alert))).toEqual([]);
});
