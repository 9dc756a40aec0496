import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { createClosers } from './closers.ts';

/** Closers of three things, of which some fail, and what was closed. */
function createTestClosers(failing: readonly string[] = []) {
  const closers = createClosers();
  const events: string[] = [];
  for (const name of ['first', 'second', 'third']) {
    closers.add(async () => {
      events.push(`closing ${name}`);
      await nextTurn();
      if (failing.includes(name)) throw new Error(`${name} is stuck`);
      events.push(`closed ${name}`);
    });
  }
  return { closers, events };
}

const allInReverse = ['third', 'second', 'first'].flatMap((name) => [`closing ${name}`, `closed ${name}`]);

test('what was opened last is closed first, one after the other', async () => {
  const { closers, events } = createTestClosers();
  await closers.close();
  expect(events).toEqual(allInReverse);
});

test('closing twice closes once, and both wait for the end', async () => {
  const { closers, events } = createTestClosers();
  void closers.close();
  await closers.close();
  expect(events).toEqual(allInReverse);
});

test('one that fails does not keep the others open, and its error is thrown', async () => {
  const { closers, events } = createTestClosers(['second']);
  await expect(closers.close()).rejects.toThrow(new Error('second is stuck'));
  expect(events.filter((event) => event.startsWith('closed'))).toEqual(['closed third', 'closed first']);
});

test('the errors of several are thrown together', async () => {
  const { closers } = createTestClosers(['third', 'first']);
  const error = await closers.close().catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(AggregateError);
  expect(error).toMatchObject({
    message: '2 things could not be closed',
    errors: [{ message: 'third is stuck' }, { message: 'first is stuck' }],
  });
});

test('a start that succeeds leaves everything open', async () => {
  const { closers, events } = createTestClosers();
  expect(await closers.closeOnError(async () => 'ready')).toBe('ready');
  expect(events).toEqual([]);
});

test('a start that fails closes everything before its own error is thrown', async () => {
  const { closers, events } = createTestClosers(['third']);
  const start = closers.closeOnError(() => {
    throw new Error('no disk');
  });
  await expect(start.finally(() => events.push('thrown'))).rejects.toThrow(new Error('no disk'));
  expect(events).toEqual(['closing third', ...allInReverse.slice(2), 'thrown']);
});
