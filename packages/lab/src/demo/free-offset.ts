/** The offsets that are tried: round numbers, easy to add to a port of the documents, in the range of the setting. */
const offsets = Array.from({ length: 50 }, (_, index) => (index + 1) * 1_000);

/**
 * The first offset at which no port is taken, and none is a usual port of the demo: the next demo without an offset needs those.
 *
 * @param usualPorts all ports of the demo, without an offset
 * @returns `undefined` if there is none
 */
export async function findFreeOffset(
  usualPorts: readonly number[],
  isTaken: (port: number) => Promise<boolean>,
): Promise<number | undefined> {
  for (const offset of offsets) {
    const ports = usualPorts.map((port) => port + offset);
    if (ports.some((port) => port > 65_535 || usualPorts.includes(port))) continue;
    const taken = await Promise.all(ports.map(isTaken));
    if (!taken.includes(true)) return offset;
  }
  return undefined;
}
