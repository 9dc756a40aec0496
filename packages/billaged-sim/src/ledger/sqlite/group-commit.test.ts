import { DatabaseSync } from 'node:sqlite';
import { expect, onTestFinished, test } from 'vitest';
import { inMemory } from '../ledger.ts';
import { createGroupCommit } from './group-commit.ts';

/** A group commit over a table of numbers, and what it has told. */
function openNumbers() {
  const db = new DatabaseSync(inMemory);
  db.exec('CREATE TABLE numbers (value INTEGER PRIMARY KEY) STRICT');
  const told: string[] = [];
  const commit = createGroupCommit(db, {
    onRollback: () => told.push('rollback'),
    onCommit: (seconds) => told.push(seconds >= 0 && seconds < 60 ? 'commit' : `commit in ${seconds} s`),
  });
  onTestFinished(() => {
    commit.close();
    db.close();
  });
  const insert = db.prepare('INSERT INTO numbers VALUES (?)');
  const add = (value: number) => commit.write(() => Number(insert.run(value).lastInsertRowid));
  const all = () =>
    db
      .prepare('SELECT value FROM numbers')
      .all()
      .map(({ value }) => value);
  return { db, commit, add, all, told };
}

test('what is written in successive turns has one commit, and each write its result', async () => {
  const { add, all, told, db } = openNumbers();
  const first = add(1);
  expect(db.isTransaction).toBe(true);
  await Promise.resolve();
  expect(await Promise.all([first, add(2)])).toEqual([1, 2]);
  expect(db.isTransaction).toBe(false);
  expect(told).toEqual(['commit']);
  expect(await add(3)).toBe(3);
  expect(told).toEqual(['commit', 'commit']);
  expect(all()).toEqual([1, 2, 3]);
});

test('a commit comes although there is always something more to write', async () => {
  const { add, told } = openNumbers();
  let value = 0;
  let isOver = false;
  const more = () => {
    if (isOver) return;
    value += 1;
    void add(value);
    setImmediate(more);
  };
  more();
  await expect.poll(() => told, { interval: 1 }).toContain('commit');
  isOver = true;
  expect(value).toBeGreaterThan(1);
});

test('a failed write rolls back its transaction, and the next one is unaffected', async () => {
  const { add, all, told } = openNumbers();
  await add(1);
  const results = await Promise.allSettled([add(2), add(1)]);
  expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  for (const result of results) {
    expect(result).toMatchObject({
      reason: { name: 'LedgerUnavailableError', message: expect.stringContaining('UNIQUE') },
    });
  }
  expect(told).toEqual(['commit', 'rollback']);
  expect(all()).toEqual([1]);
  expect(await add(2)).toBe(2);
});

test('a read has what was written before it', async () => {
  const { add, all, commit, told } = openNumbers();
  const written = add(1);
  expect(await commit.read(all)).toEqual([1]);
  expect(told).toEqual(['commit']);
  await written;
});

test('a read that fails says that the ledger cannot be read, and takes nothing back', async () => {
  const { commit, told } = openNumbers();
  const fail = () => {
    throw Object.assign(new Error('disk I/O error'), { errcode: 10 });
  };
  await expect(commit.read(fail)).rejects.toMatchObject({
    name: 'LedgerUnavailableError',
    message: expect.stringContaining('disk I/O error'),
  });
  expect(told).toEqual([]);
});

test('closing commits the open transaction and refuses later writes', async () => {
  const { add, all, commit, told } = openNumbers();
  const last = add(1);
  commit.close();
  commit.close();
  expect(await last).toBe(1);
  expect(told).toEqual(['commit']);
  const closed = { name: 'LedgerUnavailableError', message: 'the ledger is closed' };
  await expect(add(2)).rejects.toMatchObject(closed);
  await expect(commit.read(all)).rejects.toMatchObject(closed);
  expect(all()).toEqual([1]);
});
