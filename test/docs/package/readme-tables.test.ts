import { readFile } from 'node:fs/promises';
import type { SettingTable } from '@vmobs/settings';
import type { ServeOptions, TelemetryOptions } from '@vmobs/telemetry';
import { telemetrySettings } from '@vmobs/telemetry/command';
import { expect, test } from 'vitest';
import { telemetryReadme } from './code-blocks.ts';

const readme = await readFile(telemetryReadme, 'utf8');

// The compiler asks for every option here, and for no other.
const startOptions: Readonly<Record<keyof TelemetryOptions, true>> = {
  name: true,
  version: true,
  envPrefix: true,
  metricsPort: true,
  settings: true,
  resourceAttributes: true,
  logOutput: true,
};
const serveOptions: Readonly<Record<keyof ServeOptions, true>> = {
  port: true,
  host: true,
  portSetting: true,
  hostSetting: true,
  drainDelayMs: true,
  closeTimeoutMs: true,
  onEnding: true,
  signal: true,
};

test.for([
  ['Of `startTelemetry`:', startOptions],
  ['Of `telemetry.run` and `telemetry.listen`:', serveOptions],
] as const)('the README has every option. %s', ([title, options]) => {
  const names = tableAfter(title).flatMap(([name = '']) => Array.from(name.matchAll(/`(\w+)`/g), ([, word]) => word));
  expect(names).toEqual(Object.keys(options));
});

test('the README has every setting with its variables, default, range and meaning', () => {
  const settings: SettingTable = telemetrySettings({ name: 'shop', version: '1.0.0' });
  const rows = Object.values(settings).map(({ variables, kind, help, default: value }) => [
    variables.map((name) => `\`${name.startsWith('_') ? `SHOP${name}` : name}\``).join(', '),
    value === '' ? 'none' : `\`${(kind.format ?? String)(value)}\``,
    kind.allowed,
    help,
  ]);
  expect(tableAfter('## Environment')).toEqual(rows);
});

/** Cells of the rows of the first table after a text. */
function tableAfter(text: string): string[][] {
  const start = readme.indexOf(`${text}\n`);
  if (start === -1) throw new Error(`the README does not say "${text}"`);
  const [, table = ''] = /\n((?:\|.*\n)+)/.exec(readme.slice(start)) ?? [];
  const [, , ...rows] = table.trimEnd().split('\n');
  return rows.map((row) =>
    row
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}
