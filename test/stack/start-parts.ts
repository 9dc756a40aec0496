import { join } from 'node:path';
import { type PlaceOptions, type Stack, type StackPart, startStack } from '@vmobs/lab/stack';
import { portOffset } from './port-offset.ts';
import { requirePart } from './require-part.ts';

/** The folder of the repository with the files that the parts run with. */
export const compose = join(import.meta.dirname, '../../compose');

/** Where parts are placed that no service and no lab runs beside: nothing listens on their ports. */
export function placeAlone(folder: string, more: Partial<PlaceOptions> = {}): PlaceOptions {
  return {
    compose,
    folder,
    serviceLogs: folder,
    portOffset,
    ports: { lab: 1, metaldMetrics: 2, billagedMetrics: 3 },
    ...more,
  };
}

/** Ends the test when a part ends by itself. @throws Error always */
export function onDeath(name: string, reason: string): never {
  throw new Error(`${name} died: ${reason}`);
}

/** Starts real parts as they are placed, and waits until they are ready. */
export async function startParts(parts: readonly StackPart[], placement: PlaceOptions): Promise<Stack> {
  return await startStack({
    ...placement,
    programs: new Map(await Promise.all(parts.map(async (part) => [part, await requirePart(part)] as const))),
    signal: new AbortController().signal,
    onDeath,
  });
}
