import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Waits until a reading is what it should be.
 *
 * @throws Error with the last reading when it has not come true after 20 s.
 */
export async function eventually<T>(read: () => T | Promise<T>, isTrue: (reading: T) => boolean): Promise<T> {
  const deadline = Date.now() + 20_000;
  for (;;) {
    const reading = await read();
    if (isTrue(reading)) return reading;
    if (Date.now() > deadline) throw new Error(`did not come true; last was ${JSON.stringify(reading)}`);
    await sleep(25);
  }
}
