import { afterEach, expect, test } from 'vitest';
import { type BillingQueue, type BillingQueueOptions, createBillingQueue, type Delivery } from './queue.ts';

/** How long a slow machine may take. */
const patience = { timeout: 20_000 };

const queues: BillingQueue[] = [];
afterEach(async () => {
  for (const queue of queues.splice(0)) await queue.close(0);
});

function createTestQueue(options?: BillingQueueOptions): BillingQueue {
  const queue = createBillingQueue({ firstRetryMs: 1, longestRetryMs: 2, ...options });
  queues.push(queue);
  return queue;
}

/** A billaged that can be down, and everything that happened to the deliveries for it. */
function createReceiver() {
  const receiver = {
    isDown: false,
    attempts: 0,
    received: [] as string[],
    givenUp: [] as string[],
    /** A delivery that fails as often as it is told to while billaged is up. */
    delivery(name: string, { failures = 0, isRefused = false } = {}): Delivery {
      let failuresLeft = failures;
      return {
        sampleCount: 1,
        async attempt() {
          receiver.attempts += 1;
          if (receiver.isDown || failuresLeft-- > 0) throw new Error('unavailable');
          if (isRefused) throw new Error('refused');
          receiver.received.push(name);
        },
        isWorthRetrying: (error) => error instanceof Error && error.message === 'unavailable',
        giveUp: (reason) => receiver.givenUp.push(`${name}: ${reason}`),
      };
    },
  };
  return receiver;
}

test('deliveries arrive in order, each once, however often attempts fail', async () => {
  const queue = createTestQueue();
  const receiver = createReceiver();
  const names = Array.from({ length: 50 }, (_, index) => `batch ${index}`);
  for (const [index, name] of names.entries()) queue.add(receiver.delivery(name, { failures: index % 3 }));
  await expect.poll(() => queue.length, patience).toBe(0);
  expect(receiver.received).toEqual(names);
  expect(receiver.attempts).toBe(50 + 16 + 2 * 16 + 1);
  expect(receiver.givenUp).toEqual([]);
});

test('a delivery that is refused is given up after one attempt, and the next one goes on', async () => {
  const queue = createTestQueue();
  const receiver = createReceiver();
  queue.add(receiver.delivery('bad', { isRefused: true }));
  queue.add(receiver.delivery('good'));
  await expect.poll(() => receiver.received, patience).toEqual(['good']);
  expect(receiver.givenUp).toEqual(['bad: refused by billaged']);
  expect(receiver.attempts).toBe(2);
});

test('a full queue gives up the oldest deliveries, and the others arrive when billaged is back', async () => {
  const queue = createTestQueue({ capacity: 3 });
  const receiver = createReceiver();
  receiver.isDown = true;
  queue.add(receiver.delivery('a'));
  await expect.poll(() => receiver.attempts, patience).toBeGreaterThan(0);
  for (const name of ['b', 'c', 'd', 'e']) queue.add(receiver.delivery(name));
  // The one under way is not given up: it may be taken at any moment.
  expect(queue.length).toBe(4);
  expect(receiver.givenUp).toEqual(['b: queue is full']);
  receiver.isDown = false;
  await expect.poll(() => receiver.received, patience).toEqual(['a', 'c', 'd', 'e']);
  expect(receiver.givenUp).toHaveLength(1);
});

test('one that is on its way while the queue overflows takes no other with it', async () => {
  const queue = createTestQueue({ capacity: 2 });
  const receiver = createReceiver();
  const { promise: onItsWay, resolve: arrive } = Promise.withResolvers<void>();
  queue.add({ ...receiver.delivery('a'), attempt: () => onItsWay.then(() => void receiver.received.push('a')) });
  for (const name of ['b', 'c', 'd']) queue.add(receiver.delivery(name));
  arrive();
  await expect.poll(() => receiver.received, patience).toEqual(['a', 'c', 'd']);
  expect(receiver.givenUp).toEqual(['b: queue is full']);
});

test('what is added at the moment when the queue has run empty is delivered', async () => {
  const queue = createTestQueue();
  const receiver = createReceiver();
  for (let turns = 0; turns < 10; turns += 1) {
    const sent = Promise.withResolvers<void>();
    queue.add({ ...receiver.delivery('first'), attempt: () => sent.promise });
    // The queue goes on a number of microtasks after this; one of the ten turns meets the moment.
    let settled = sent.promise;
    for (let turn = 0; turn < turns; turn += 1) settled = settled.then(() => undefined);
    const added = settled.then(() => queue.add(receiver.delivery(`second ${turns}`)));
    sent.resolve();
    await added;
    await expect.poll(() => receiver.received, patience).toContain(`second ${turns}`);
  }
});

test('closing does not wait for a long pause between attempts', async () => {
  const queue = createTestQueue({ firstRetryMs: 3_600_000, longestRetryMs: 3_600_000 });
  const receiver = createReceiver();
  queue.add(receiver.delivery('a', { failures: 1 }));
  await expect.poll(() => receiver.attempts, patience).toBe(1);
  expect(await queue.close(20_000)).toBe(0);
  expect(receiver.received).toEqual(['a']);
});

test('an attempt that hangs when the time is over is broken off and counts as given up', async () => {
  const queue = createTestQueue();
  const receiver = createReceiver();
  const attempt = (signal: AbortSignal) =>
    new Promise<void>((_resolve, reject) => signal.addEventListener('abort', () => reject(new Error('refused'))));
  queue.add({ ...receiver.delivery('a'), attempt });
  queue.add(receiver.delivery('b'));
  expect(await queue.close(20)).toBe(2);
  expect(receiver.givenUp).toEqual(['a: shutting down', 'b: shutting down']);
});

test('closing delivers what is left', async () => {
  const queue = createTestQueue();
  const receiver = createReceiver();
  const names = ['a', 'b', 'c'];
  for (const name of names) queue.add(receiver.delivery(name, { failures: 2 }));
  await queue.close(20_000);
  expect(receiver.received).toEqual(names);
  expect(receiver.givenUp).toEqual([]);
  queue.add(receiver.delivery('late'));
  expect(receiver.givenUp).toEqual(['late: shutting down']);
});

test('closing gives up what is not delivered in its time, each once, and tries no more', async () => {
  const queue = createTestQueue();
  const receiver = createReceiver();
  receiver.isDown = true;
  queue.add(receiver.delivery('a'));
  queue.add(receiver.delivery('b'));
  await queue.close(20);
  expect(receiver.givenUp).toEqual(['a: shutting down', 'b: shutting down']);
  expect(queue.length).toBe(0);

  const { attempts } = receiver;
  receiver.isDown = false;
  await queue.close(20);
  expect(receiver).toMatchObject({ attempts, received: [] });
  expect(receiver.givenUp).toHaveLength(2);
});
