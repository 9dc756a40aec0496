import { setTimeout as sleep } from 'node:timers/promises';

/** The names of the alerts that fire now. */
type Firing = () => Promise<readonly string[]>;

/** How long a slow machine may take for any one step. */
const patienceMs = 180_000;

/** Waits until each of these alerts has fired. @throws Error that names those that have not */
export async function untilFired(firing: Firing, wanted: readonly string[]): Promise<void> {
  const missing = new Set(wanted);
  await untilNoneLeft('not fired', async () => {
    for (const name of await firing()) missing.delete(name);
    return [...missing];
  });
}

/** Waits until none of these alerts fires any more. @throws Error that names those that do */
export async function untilOver(firing: Firing, alerts: readonly string[]): Promise<void> {
  await untilNoneLeft('still firing', async () => (await firing()).filter((name) => alerts.includes(name)));
}

async function untilNoneLeft(problem: string, read: () => Promise<readonly string[]>): Promise<void> {
  const deadline = Date.now() + patienceMs;
  for (;;) {
    const left = await read();
    if (left.length === 0) return;
    if (Date.now() > deadline) throw new Error(`${problem} after ${patienceMs / 1_000} s: ${left.join(', ')}`);
    await sleep(250);
  }
}
