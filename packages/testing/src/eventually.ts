import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Waits until a reading is what it should be.
 *
 * @throws Error with the last reading when it has not come true after 100 s: it never will, however slow the machine is.
 */
export async function eventually<T>(read: () => T | Promise<T>, isTrue: (reading: T) => boolean): Promise<T> {
  const deadline = Date.now() + 100_000;
  for (;;) {
    const reading = await read();
    if (isTrue(reading)) return reading;
    if (Date.now() > deadline) throw new Error(`did not come true; last was ${JSON.stringify(reading)}`);
    await sleep(25);
  }
}
