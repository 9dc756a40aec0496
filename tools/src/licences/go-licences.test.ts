import { expect, test } from 'vitest';
import { joinLicences } from './go-licences.ts';

test.each([
  [
    'the licences of all files together',
    [
      ['Apache-2.0', 'MIT'],
      ['BSD-3-Clause', 'MIT'],
    ],
    100,
    'Apache-2.0 AND BSD-3-Clause AND MIT',
  ],
  ['unknown where no file is', [], 100, 'LicenseRef-unknown'],
  ['unknown where much of a file is', [['MIT']], 74, 'LicenseRef-unknown'],
  ['what is found where little of a file is unknown', [['MIT']], 75, 'MIT'],
])('the licence of a module is %s', (_, files, percent, licence) => {
  expect(joinLicences(files.map((licences) => ({ licences, percent })))).toBe(licence);
});
