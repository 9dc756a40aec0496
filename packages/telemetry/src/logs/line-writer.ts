import { createWaitingLines } from './waiting-lines.ts';

/** What the owner of a line writer is told. */
export interface LineWriterEvents {
  /** Lines do not get through. @param cause `undefined` when the reader has stopped and no more can wait for it */
  onTrouble(cause: Error | undefined): void;
  /** Lines get through again. @param lostLines how many did not since `onTrouble` */
  onMended(lostLines: number): void;
  /** Lines were given up. @param atTheEnd whether the writer has finished: nothing more is said after that */
  onLost(lines: number, atTheEnd: boolean): void;
}

/** Options of `createLineWriter`. */
export interface LineWriterOptions extends LineWriterEvents {
  /**
   * Hands data to the system without waiting. The system may take only the front of it.
   *
   * @returns how many bytes it took
   * @throws the error of the system when it took none
   */
  readonly put: (data: string | Uint8Array) => number;
  /**
   * Most bytes that wait in memory. What comes then holds up the service for a reader that reads on, however slowly, and is
   * lost for a destination that takes nothing.
   *
   * @default 8 MiB
   */
  readonly maxWaitingBytes?: number;
}

/** Writes lines to one destination. */
export interface LineWriter {
  write(line: string): void;
  /** Goes on at once with a destination that was opened anew. */
  resume(): void;
  /**
   * Writes what waits, as long as the destination takes some of it every 2 s; what is left then is lost.
   *
   * @returns how many lines that is
   */
  finish(): number;
}

/** A pipe is full until its reader reads: soon. */
const slowReaderMs = 10;
/** A disk is full until somebody makes room. */
const faultMs = 1_000;
/** So many lines are written between two turns of the event loop, or a long queue would hold it up. */
const linesPerTurn = 1_000;
/** How long a line for which there is no room waits for a reader that takes nothing; the next ones do not wait again. */
const patienceMs = 100;
/** How long the end of the process waits for such a reader. */
const patienceAtEndMs = 2_000;

/**
 * Makes what writes lines synchronously: a line that its destination takes is not lost, however the process ends.
 *
 * A destination that takes none for the moment (a full pipe, a full disk) breaks nothing and, unless very much waits, holds
 * nobody up: lines wait in memory and follow in order. When the process ends in whatever way but a signal that kills it, what
 * waits is written first.
 */
export function createLineWriter(options: LineWriterOptions): LineWriter {
  const { put, onTrouble, onMended, onLost, maxWaitingBytes = 8 * 1024 * 1024 } = options;
  const waiting = createWaitingLines(maxWaitingBytes);
  /** Runs while every line has to wait. */
  let retry: NodeJS.Timeout | undefined;
  let isInTrouble = false;
  let isReaderGone = false;
  /** Whether it is known that it takes nothing: waiting for it would be in vain. */
  let isStuck = false;
  let lostInTrouble = 0;
  let isFinishedAtExit = false;

  function write(line: string): void {
    if (retry !== undefined) {
      hold(line);
      return;
    }
    let taken: number;
    try {
      taken = put(line);
    } catch (error) {
      pause(error, line);
      return;
    }
    if (taken < Buffer.byteLength(line)) {
      isReaderGone = false;
      hold(line);
      waiting.took(taken);
      retryAfter(0);
    } else if (isInTrouble) mend();
  }

  function hold(line: string): void {
    while (isReaderGone || !waiting.add(line)) {
      if (makeRoom()) continue;
      lose(1, undefined);
      return;
    }
    if (isFinishedAtExit) return;
    isFinishedAtExit = true;
    process.on('exit', finish);
  }

  /** @param line one that was not taken and does not wait yet */
  function pause(cause: unknown, line?: string): void {
    const error = cause instanceof Error ? cause : new Error(String(cause));
    isReaderGone = codeOf(error) === 'EPIPE';
    retryAfter(isFull(error) ? slowReaderMs : faultMs);
    if (!isFull(error)) enterTrouble(error);
    if (isReaderGone) lose(waiting.clear(), error);
    if (line !== undefined) hold(line);
  }

  /** Waits for a reader that reads. @returns whether it has taken something */
  function makeRoom(): boolean {
    const count = waiting.count;
    if (isStuck || count === 0) return false;
    sendPatiently(patienceMs, count - 1);
    isStuck = waiting.count === count;
    return !isStuck;
  }

  /** Sends until no more lines wait than this, or until nothing has been taken for so long. */
  function sendPatiently(patience: number, untilCount: number): void {
    let deadline = performance.now() + patience;
    while (waiting.count > untilCount) {
      try {
        waiting.took(put(waiting.front()));
        deadline = performance.now() + patience;
      } catch (error) {
        if (!isFull(error) || performance.now() > deadline) break;
        sleep(slowReaderMs);
      }
    }
  }

  function retryAfter(milliseconds: number): void {
    clearTimeout(retry);
    // It alone is no reason to live on: at the end of the process what waits is written anyway.
    retry = setTimeout(resume, milliseconds).unref();
  }

  function resume(): void {
    clearTimeout(retry);
    retry = undefined;
    try {
      for (let turn = 0; turn < linesPerTurn && waiting.count > 0; turn++) {
        waiting.took(put(waiting.front()));
        isStuck = false;
      }
    } catch (error) {
      pause(error);
      return;
    }
    if (waiting.count > 0) retryAfter(0);
    else {
      leaveExit();
      // A reader that was gone is back only when it has taken a line.
      if (isInTrouble && !isReaderGone) mend();
    }
  }

  function enterTrouble(cause: Error | undefined): void {
    if (isInTrouble) return;
    isInTrouble = true;
    onTrouble(cause);
  }

  function mend(): void {
    const lostLines = lostInTrouble;
    isInTrouble = false;
    isReaderGone = false;
    lostInTrouble = 0;
    onMended(lostLines);
  }

  function lose(lines: number, cause: Error | undefined): void {
    if (lines === 0) return;
    enterTrouble(cause);
    lostInTrouble += lines;
    onLost(lines, false);
  }

  function leaveExit(): void {
    if (!isFinishedAtExit) return;
    isFinishedAtExit = false;
    process.off('exit', finish);
  }

  function finish(): number {
    clearTimeout(retry);
    retry = undefined;
    leaveExit();
    sendPatiently(patienceAtEndMs, 0);
    const lost = waiting.clear();
    if (lost > 0) onLost(lost, true);
    return lost;
  }

  return {
    write,
    resume() {
      waiting.rewind();
      if (retry !== undefined) resume();
    },
    finish,
  };
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}

/** Whether the destination is a pipe that its reader has not emptied yet. */
function isFull(error: unknown): boolean {
  return codeOf(error) === 'EAGAIN';
}

/** Waits without the event loop, which is over when a process exits. */
function sleep(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}
