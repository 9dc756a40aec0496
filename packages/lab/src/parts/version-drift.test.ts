import { expect, test } from 'vitest';
import { readParts } from './part.ts';
import { compareVersions, findVersionDrift } from './version-drift.ts';

const tiny = { name: 'tiny', module: 'example.com/tiny', moduleVersion: 'v1.2.3' };

test('versions.env and the folder of every part agree', async () => {
  const parts = await readParts();
  expect((await Promise.all(parts.map(findVersionDrift))).flat()).toEqual([]);
});

test('a module at another version is reported with both versions', () => {
  expect(compareVersions(tiny, 'module x\n\nrequire example.com/tiny v1.2.4\n')).toEqual([
    'parts/tiny/go.mod requires example.com/tiny v1.2.4, compose/versions.env wants v1.2.3; change one of them',
  ]);
});

test('every module of the family must have the version, those required indirectly, too', () => {
  const goMod =
    'require (\n\texample.com/tiny v1.2.3\n\texample.com/more/a v1.2.3\n\texample.com/more/b v1.2.2 // indirect\n)\n';
  expect(compareVersions({ ...tiny, moduleFamily: 'example.com/more/' }, goMod)).toEqual([
    expect.stringContaining('example.com/more/b v1.2.2'),
  ]);
});

test('a line that only looks like a requirement is none', () => {
  const goMod = 'require example.com/tiny v1.2.3\n\nexclude (\n\texample.com/tiny v1.2.4\n)\n';
  expect(compareVersions(tiny, goMod)).toEqual([]);
});

test('a go.mod without the module is reported', () => {
  expect(compareVersions(tiny, 'module x\n')).toEqual(['parts/tiny/go.mod does not require example.com/tiny']);
});
