import { readdir } from 'node:fs/promises';
import { expect, onTestFinished, test } from 'vitest';
import { createFolder } from '../../testing/disk-spools.ts';
import { createLiveVmTable } from './live-vm-table.ts';
import { openSegmentSet } from './segment-set.ts';

test('a segment that cannot be begun is removed, and its number is free for the next attempt', async () => {
  const folder = await createFolder();
  let isFull = true;
  const open = () =>
    openSegmentSet({
      folder,
      found: [],
      segmentBytes: 1_000,
      liveVms: createLiveVmTable(),
      beforeUse() {
        if (isFull) throw new Error('ENOSPC');
      },
    });
  expect(open).toThrow('ENOSPC');
  expect(await readdir(folder)).toEqual([]);
  isFull = false;
  const segments = open();
  onTestFinished(segments.close);
  expect(await readdir(folder)).toEqual(['0000000001.spool']);
});
