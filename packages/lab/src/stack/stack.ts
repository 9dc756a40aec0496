import { type PlaceOptions, placePart } from './place-part.ts';
import { type RunningPart, startPart } from './running-part.ts';
import { type StackPart, stackParts } from './stack-parts.ts';

export { type PlacedPart, type PlaceOptions, placePart } from './place-part.ts';
export { type PartOptions, type RunningPart, startPart } from './running-part.ts';
export { type StackPart, stackParts } from './stack-parts.ts';

/** Options of `startStack`. */
export interface StackOptions extends PlaceOptions {
  /** Paths of the installed programs. */
  readonly programs: ReadonlyMap<StackPart, string>;
  readonly signal: AbortSignal;
  readonly onDeath: (name: string, reason: string) => void;
}

/** The parts that run. */
export interface Stack {
  readonly urls: ReadonlyMap<StackPart, string>;
  /** Parts that are not installed. */
  readonly missing: readonly StackPart[];
  /** A running part, to stop and restart it. @throws RangeError if it is not installed */
  part(name: StackPart): RunningPart;
  /** Stops all parts in reverse order. */
  stop(): Promise<void>;
}

/** Starts the installed parts with the files of compose/. */
export async function startStack(options: StackOptions): Promise<Stack> {
  const { programs, signal, onDeath } = options;
  const parts = new Map<StackPart, RunningPart>();
  const stop = async () => {
    for (const part of [...parts.values()].reverse()) await part.stop();
  };

  try {
    for (const name of stackParts) {
      const command = programs.get(name);
      if (command === undefined) continue;
      const place = await placePart(name, options);
      parts.set(name, await startPart({ name, command, place, signal, onDeath }));
    }
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    urls: new Map(Array.from(parts, ([name, { url }]) => [name, url])),
    missing: stackParts.filter((part) => !programs.has(part)),
    part(name) {
      const part = parts.get(name);
      if (part === undefined) throw new RangeError(`${name} does not run; there are ${[...parts.keys()].join(', ')}`);
      return part;
    },
    stop,
  };
}
