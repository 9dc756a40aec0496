import { createLogUpdate } from 'log-update';

/** Shows the progress of long work. */
export interface Progress {
  /** Prints a permanent line. */
  say(line: string): void;
  /** Shows the current work, until `settle`. */
  start(name: string): void;
  /** Changes the text beside the name and the seconds. */
  step(text: string): void;
  /** Ends what `start` began. @returns the seconds it took */
  settle(): number;
}

/** Refresh interval: a live line on a terminal, a plain line less often. */
const refreshMs = { live: 200, plain: 30_000 };

/** Creates a line that is updated in place on a terminal, and plain lines elsewhere. */
export function createProgress(stream: NodeJS.WriteStream): Progress {
  const block = stream.isTTY ? createLogUpdate(stream) : undefined;
  let current = { name: '', step: '', startedAt: 0 };
  let refresh: NodeJS.Timeout | undefined;
  const seconds = () => (performance.now() - current.startedAt) / 1_000;
  const show = () => {
    const line = [`${current.name}: ${Math.floor(seconds())} s`, current.step].filter((text) => text !== '').join(', ');
    // One line: a longer one would wrap, and then not be written over.
    if (block === undefined) stream.write(`${line}\n`);
    else block(line.slice(0, Math.max(20, stream.columns - 1)));
  };
  return {
    say(line) {
      if (block === undefined) stream.write(`${line}\n`);
      else block.persist(line);
    },
    start(name) {
      current = { name, step: '', startedAt: performance.now() };
      clearInterval(refresh);
      refresh = setInterval(show, block === undefined ? refreshMs.plain : refreshMs.live);
    },
    step(text) {
      current.step = text;
    },
    settle() {
      clearInterval(refresh);
      block?.clear();
      return seconds();
    },
  };
}
