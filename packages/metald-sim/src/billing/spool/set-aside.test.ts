import { appendFileSync, existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { append, batchOf, createFolder, open } from '../../testing/disk-spools.ts';
import { type SetAsideBatch, settleSetAside } from './set-aside.ts';

/** A folder whose open spool has set batches of these numbers aside. */
async function folderWith(...numbers: number[]) {
  const folder = await createFolder();
  const spool = open(folder);
  onTestFinished(spool.close);
  const setAside = (number: number) => {
    const batch = batchOf('a', number);
    spool.deadLetter(append(spool, batch), batch.bytes);
  };
  for (const number of numbers) setAside(number);
  return { folder, file: join(folder, 'set-aside.spool'), setAside };
}

const numberOf = ({ header }: SetAsideBatch) => header.sampleCount;

/** The numbers of the batches that are set aside. */
async function numbersIn(folder: string): Promise<number[]> {
  const numbers: number[] = [];
  await settleSetAside(folder, async (batch) => {
    numbers.push(numberOf(batch));
    return false;
  });
  return numbers;
}

test('batches come in their order and with their bytes, and those that are settled are removed', async () => {
  const { folder } = await folderWith(1, 2, 3, 4);
  const given: unknown[] = [];
  const corruptions = await settleSetAside(folder, async (batch) => {
    given.push({ vmId: batch.header.vmId, number: numberOf(batch), bytes: [...batch.bytes] });
    return numberOf(batch) % 2 === 0;
  });
  expect(corruptions).toBe(0);
  expect(given).toEqual([1, 2, 3, 4].map((number) => ({ vmId: 'a', number, bytes: [...batchOf('a', number).bytes] })));
  expect(await numbersIn(folder)).toEqual([1, 3]);
});

test('a folder without such a file has nothing to settle, and none is made', async () => {
  const folder = await createFolder();
  expect(await numbersIn(folder)).toEqual([]);
  expect(existsSync(join(folder, 'set-aside.spool'))).toBe(false);
});

test('what metald sets aside meanwhile stays', async () => {
  const { folder, setAside } = await folderWith(1, 2);
  await settleSetAside(folder, async (batch) => {
    setAside(10 * numberOf(batch));
    return true;
  });
  setAside(30);
  expect(await numbersIn(folder)).toEqual([10, 20, 30]);
});

test('an error ends the run; what was settled before it is removed', async () => {
  const { folder } = await folderWith(1, 2, 3);
  const run = settleSetAside(folder, async (batch) => {
    if (numberOf(batch) === 2) throw new Error('no connection');
    return true;
  });
  await expect(run).rejects.toThrow('no connection');
  expect(await numbersIn(folder)).toEqual([2, 3]);
});

test('a removal that a crash has interrupted loses no batch', async () => {
  const { folder, file, setAside } = await folderWith(1, 2);
  renameSync(file, join(folder, 'set-aside.taken'));
  setAside(3);
  expect((await numbersIn(folder)).sort()).toEqual([1, 2, 3]);
  expect(existsSync(join(folder, 'set-aside.taken'))).toBe(false);
});

test('corrupt bytes are counted and kept, and the batches around them are settled', async () => {
  const { folder, file, setAside } = await folderWith(1, 2);
  const bytes = readFileSync(file);
  bytes.writeUInt8(bytes.readUInt8(40) ^ 1, 40);
  writeFileSync(file, bytes);
  setAside(3);
  const given: number[] = [];
  const corruptions = await settleSetAside(folder, async (batch) => given.push(numberOf(batch)) > 0);
  expect({ given, corruptions }).toEqual({ given: [2, 3], corruptions: 1 });
  expect(readFileSync(file)).toEqual(bytes.subarray(0, bytes.length / 2));
});

test('bytes of a write that a crash has cut off are kept', async () => {
  const { folder, file } = await folderWith(1);
  appendFileSync(file, Buffer.from('half'));
  expect(await settleSetAside(folder, async () => true)).toBe(0);
  expect(readFileSync(file, 'utf8')).toBe('half');
});

test('two runs at a time are refused', async () => {
  const { folder } = await folderWith(1);
  await settleSetAside(folder, async () => {
    await expect(settleSetAside(folder, async () => true)).rejects.toThrow('another process uses it');
    return true;
  });
});
