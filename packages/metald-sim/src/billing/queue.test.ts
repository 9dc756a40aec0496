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
  expect(queue.length).toBe(3);
  expect(receiver.givenUp).toEqual(['a: queue is full', 'b: queue is full']);
  receiver.isDown = false;
  await expect.poll(() => receiver.received, patience).toEqual(['c', 'd', 'e']);
  expect(receiver.givenUp).toHaveLength(2);
});

test('one that is on its way while the queue overflows takes no other with it', async () => {
  const queue = createTestQueue({ capacity: 2 });
  const receiver = createReceiver();
  const { promise: onItsWay, resolve: arrive } = Promise.withResolvers<void>();
  queue.add({ ...receiver.delivery('a'), attempt: () => onItsWay.then(() => void receiver.received.push('a')) });
  for (const name of ['b', 'c', 'd']) queue.add(receiver.delivery(name));
  arrive();
  await expect.poll(() => receiver.received, patience).toContain('d');
  const givenUp = receiver.givenUp.map((line) => line.split(':')[0]);
  expect(new Set([...receiver.received, ...givenUp])).toEqual(new Set(['a', 'b', 'c', 'd']));
  expect(receiver.received).toEqual([...receiver.received].sort());
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
