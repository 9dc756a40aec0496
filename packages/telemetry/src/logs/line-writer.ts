import { codeOf } from '@vmobs/settings';
import { Outage, type OutageEvents } from './outage.ts';
import { createWaitingLines } from './waiting-lines.ts';

/** Options of `createLineWriter`. */
export interface LineWriterOptions extends OutageEvents {
  /**
   * Writes data without waiting. The system may accept only the first part of it.
   *
   * @returns how many bytes were accepted
   * @throws the system error when none were
   */
  readonly put: (data: string | Uint8Array) => number;
  /**
   * Largest number of bytes that wait in memory. Beyond it, a line blocks the service while a slow reader makes room, and is
   * lost if the destination accepts nothing.
   *
   * @default 8 MiB
   */
  readonly maxWaitingBytes?: number;
}

/** Writes lines to one destination. */
export interface LineWriter {
  write(line: string): void;
  /** Continues at once, after the destination was reopened. */
  resume(): void;
  /**
   * Writes the waiting lines, as long as the destination accepts some of them every 2 s; the rest is lost.
   *
   * @returns number of lost lines
   */
  finish(): number;
}

/** A full pipe has room as soon as its reader reads. */
const slowReaderMs = 10;
/** A full disk has room when somebody deletes files. */
const faultMs = 1_000;
/** Lines written per turn of the event loop, so that a long queue does not block it. */
const linesPerTurn = 1_000;
/** How long a line without room waits for a reader that reads nothing; the lines after it do not wait again. */
const patienceMs = 100;
/** How long the end of the process waits for such a reader. */
const patienceAtEndMs = 2_000;

/**
 * Makes a writer that writes lines synchronously: a line that its destination accepts is not lost, however the process ends.
 *
 * While a destination accepts nothing (a full pipe, a full disk), lines wait in memory and follow in order. This blocks the
 * service only when the queue is full. When the process exits, unless a signal kills it, the waiting lines are written first.
 */
export function createLineWriter(options: LineWriterOptions): LineWriter {
  return new QueueingLineWriter(options);
}

class QueueingLineWriter implements LineWriter {
  readonly #put: LineWriterOptions['put'];
  readonly #waiting: ReturnType<typeof createWaitingLines>;
  readonly #outage: Outage;
  /** Set while every line has to wait. */
  #retry: NodeJS.Timeout | undefined;
  #isReaderGone = false;
  /** Whether the reader is known to read nothing, so that waiting for it is useless. */
  #isStuck = false;
  #finishesAtExit = false;
  readonly #finishAtExit = () => void this.finish();

  constructor({ maxWaitingBytes = 8 * 1024 * 1024, ...options }: LineWriterOptions) {
    this.#put = options.put;
    this.#waiting = createWaitingLines(maxWaitingBytes);
    this.#outage = new Outage(options);
  }

  write(line: string): void {
    if (this.#retry !== undefined) {
      this.#queue(line);
      return;
    }
    let accepted: number;
    try {
      accepted = this.#put(line);
    } catch (error) {
      this.#pause(error, line);
      return;
    }
    if (accepted < Buffer.byteLength(line)) {
      this.#isReaderGone = false;
      this.#queue(line);
      this.#waiting.took(accepted);
      this.#retryAfter(0);
    } else if (this.#outage.isOpen) this.#recover();
  }

  resume(): void {
    this.#waiting.rewind();
    if (this.#retry !== undefined) this.#writeWaiting();
  }

  finish(): number {
    this.#writeAtTheEnd();
    // No later line could report what is missing between the written ones.
    if (this.#waiting.count === 0 && this.#outage.lostLines > 0 && !this.#isReaderGone) {
      this.#recover();
      this.#writeAtTheEnd();
    }
    const lost = this.#waiting.clear();
    this.#outage.loseAtTheEnd(lost);
    return lost.length;
  }

  #queue(line: string): void {
    while (this.#isReaderGone || !this.#waiting.add(line)) {
      if (this.#makeRoom()) continue;
      this.#outage.lose([line], undefined);
      return;
    }
    if (this.#finishesAtExit) return;
    this.#finishesAtExit = true;
    process.on('exit', this.#finishAtExit);
  }

  /** @param line one that was not accepted and is not queued yet */
  #pause(cause: unknown, line?: string): void {
    const error = cause instanceof Error ? cause : new Error(String(cause));
    this.#isReaderGone = codeOf(error) === 'EPIPE';
    this.#retryAfter(isFull(error) ? slowReaderMs : faultMs);
    if (this.#isReaderGone) {
      this.#outage.lose([...this.#waiting.clear(), ...(line === undefined ? [] : [line])], error);
    }
    // Before the line that `onFailing` writes, which is a later one.
    else if (line !== undefined) this.#queue(line);
    if (!isFull(error)) this.#outage.open(error);
  }

  /** Waits for a slow reader. @returns whether it has read something */
  #makeRoom(): boolean {
    const { count } = this.#waiting;
    if (this.#isStuck || count === 0) return false;
    this.#writePatiently(patienceMs, count - 1);
    this.#isStuck = this.#waiting.count === count;
    return !this.#isStuck;
  }

  /** Writes until at most `untilCount` lines wait, or until nothing was accepted for `patience` milliseconds. */
  #writePatiently(patience: number, untilCount: number): void {
    const waiting = this.#waiting;
    let deadline = performance.now() + patience;
    while (waiting.count > untilCount) {
      try {
        waiting.took(this.#put(waiting.front()));
        deadline = performance.now() + patience;
      } catch (error) {
        if (!isFull(error) || performance.now() > deadline) break;
        sleep(slowReaderMs);
      }
    }
  }

  #retryAfter(milliseconds: number): void {
    clearTimeout(this.#retry);
    // It does not keep the process alive: the waiting lines are written at exit anyway.
    this.#retry = setTimeout(() => this.#writeWaiting(), milliseconds).unref();
  }

  #writeWaiting(): void {
    clearTimeout(this.#retry);
    this.#retry = undefined;
    const waiting = this.#waiting;
    try {
      for (let turn = 0; turn < linesPerTurn && waiting.count > 0; turn++) {
        waiting.took(this.#put(waiting.front()));
        this.#isStuck = false;
      }
    } catch (error) {
      this.#pause(error);
      return;
    }
    if (waiting.count > 0) this.#retryAfter(0);
    else {
      this.#leaveExit();
      // Whether a reader is back is known only once it has read a line.
      if (this.#outage.isOpen && !this.#isReaderGone) this.#recover();
    }
  }

  #recover(): void {
    this.#isReaderGone = false;
    this.#outage.close();
  }

  #writeAtTheEnd(): void {
    clearTimeout(this.#retry);
    this.#retry = undefined;
    this.#leaveExit();
    this.#writePatiently(patienceAtEndMs, 0);
  }

  #leaveExit(): void {
    if (!this.#finishesAtExit) return;
    this.#finishesAtExit = false;
    process.off('exit', this.#finishAtExit);
  }
}

/** Whether the destination is a pipe that its reader has not emptied yet. */
function isFull(error: unknown): boolean {
  return codeOf(error) === 'EAGAIN';
}

/** Blocks the thread, because the event loop no longer runs when a process exits. */
function sleep(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}
