import { join } from 'node:path';
import { expect, test } from 'vitest';
import { repositoryRoot } from './part.ts';
import { parseVersions, readVersions, requireVersion } from './versions.ts';

test('comments and empty lines are passed over', () => {
  const versions = parseVersions('# about\n\nPROMETHEUS_VERSION=3.16.0\nFLUENTD_VERSION=1.19.3-debian-1.1\n', 'v.env');
  expect([...versions]).toEqual([
    ['PROMETHEUS_VERSION', '3.16.0'],
    ['FLUENTD_VERSION', '1.19.3-debian-1.1'],
  ]);
});

test.for([
  ['A=1\nB', 'v.env:2: "B": a line is NAME=VALUE'],
  ['A="1"', 'v.env:1: "A="1"": a line is NAME=VALUE without quotes'],
  ['A=1 # why', 'v.env:1: "A=1 # why": a line is NAME=VALUE'],
  ['A=', 'v.env:1: "A=": a line is NAME=VALUE'],
  ['a=1', 'v.env:1: "a=1": a line is NAME=VALUE'],
  ['export A=1', 'v.env:1: "export A=1": a line is NAME=VALUE'],
  ['# about\n\nA=1\nA=2', 'v.env:4: "A=2": A has a value already'],
] as const)('%j is refused with its line', ([text, message]) => {
  expect(() => parseVersions(text, 'v.env')).toThrow(message);
});

test('a version that is missing is named, with the line to add', () => {
  expect(() => requireVersion(new Map(), 'JAEGER_VERSION', 'v.env')).toThrow('add a line such as JAEGER_VERSION=1.2.3');
});

test('a file that is not there is named', async () => {
  await expect(readVersions('/nowhere/versions.env')).rejects.toThrow('/nowhere/versions.env');
});

test('the versions of this repository can be read', async () => {
  const versions = await readVersions(join(repositoryRoot, 'compose/versions.env'));
  expect(versions.get('NODE_VERSION')).toMatch(/^24\./);
});
