import { setImmediate as nextTurn } from 'node:timers/promises';

/** The timers, sockets and servers that keep this process alive, by kind, one entry for each. */
export function openResources(): readonly string[] {
  return process.getActiveResourcesInfo();
}

/**
 * Lists what is open now and was not open before.
 *
 * The handle of a closed server is gone some turns of the event loop later, so this looks for up to 1000 turns. It counts
 * turns and does not wait for a time, in which a timer that was left open could end by itself.
 *
 * @param before the answer of `openResources`
 */
export async function openedSince(before: readonly string[]): Promise<string[]> {
  let added: string[] = [];
  for (let turn = 0; turn < 1_000; turn += 1) {
    const left = [...before];
    added = openResources().filter((resource) => {
      const index = left.indexOf(resource);
      if (index >= 0) left.splice(index, 1);
      return index < 0;
    });
    if (added.length === 0) return [];
    await nextTurn();
  }
  return added;
}
