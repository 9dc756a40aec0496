/** VMs that are sampled in one go: sampling that takes too long is interrupted only between two of them. */
export const blockSize = 64;

/** Time between two ticks, if the interval is long enough to be cut up. */
const tickMs = 10;
/** Ticks into which an interval is cut at most. */
const mostTicks = 1_000;
/** How long the ticks that are due may take before the process looks after everything else that waits. */
const turnMs = 10;

/** What one tick was like. */
export interface TickReport {
  /** How late it began, in milliseconds. */
  readonly lagMs: number;
  /** How long it worked, without what was done in between, in milliseconds. */
  readonly workMs: number;
  /** Ticks before it that were left out: their VMs had none in that interval. */
  readonly missed: number;
}

/** Options of `startTicks`. */
export interface TicksOptions {
  /** Time between two visits of a block. */
  readonly intervalMs: number;
  /** Blocks that there are now. */
  readonly blockCount: () => number;
  /** Does the work of a block. */
  readonly visit: (block: number) => void;
  readonly onTick: (report: TickReport) => void;
}

/**
 * Visits every block once an interval, a share of them at each tick: ten thousand VMs every 100 ms are a thousand every
 * 10 ms. So the work is spread evenly, a request never waits for all of it, and each VM has its own fixed phase. A block
 * belongs to a tick for good, however the fleet grows; ticks without blocks do not come.
 *
 * A tick that is late is caught up with, unless the next one of the same VMs is due by then: then it is missed, and not
 * made up for.
 */
export function startTicks({ intervalMs, blockCount, visit, onTick }: TicksOptions): { stop(): void } {
  const ticks = Math.min(mostTicks, Math.max(1, Math.floor(intervalMs / tickMs)));
  const begunAt = performance.now();
  /** Which tick is next, counted from the beginning: number `n` is due `n` shares of an interval after it. */
  let next = ticks;
  /** Block of the tick that is under way; it was interrupted if this is not its first. */
  let block = 0;
  let isUnderWay = false;
  let report = { lagMs: 0, workMs: 0, missed: 0 };
  let timer: NodeJS.Timeout | undefined;
  let immediate: NodeJS.Immediate | undefined;

  const dueAt = (tick: number) => begunAt + (tick * intervalMs) / ticks;

  /** Goes to the next tick that has blocks. */
  function advance(): void {
    const used = Math.min(ticks, Math.max(1, blockCount()));
    next += 1;
    if (next % ticks >= used) next += ticks - (next % ticks);
  }

  /** Leaves out ticks whose VMs are due again. @returns how many */
  function leaveOut(now: number): number {
    let missed = 0;
    while (dueAt(next + ticks) <= now) {
      const rounds = Math.floor((now - dueAt(next)) / intervalMs);
      // Whole intervals at once: after a night of sleep there are many.
      if (rounds > 1) {
        missed += (rounds - 1) * Math.min(ticks, Math.max(1, blockCount()));
        next += (rounds - 1) * ticks;
      }
      advance();
      missed += 1;
    }
    return missed;
  }

  function begin(now: number): void {
    const missed = leaveOut(now);
    report = { lagMs: Math.max(0, now - dueAt(next)), workMs: 0, missed };
    block = next % ticks;
    isUnderWay = true;
  }

  /** Works on what is due, block by block, until nothing is or the turn is over. */
  function turn(): void {
    const turnBegan = performance.now();
    let now = turnBegan;
    while (isUnderWay || dueAt(next) <= now) {
      if (now - turnBegan >= turnMs) {
        immediate = setImmediate(turn);
        return;
      }
      if (!isUnderWay) begin(now);
      const workBegan = now;
      if (block < blockCount()) {
        visit(block);
        block += ticks;
        now = performance.now();
        report.workMs += now - workBegan;
      }
      if (block >= blockCount()) {
        isUnderWay = false;
        onTick(report);
        advance();
      }
    }
    timer = setTimeout(turn, Math.max(1, Math.ceil(dueAt(next) - now)));
  }

  timer = setTimeout(turn, Math.ceil(dueAt(next) - performance.now()));
  return {
    stop() {
      clearTimeout(timer);
      clearImmediate(immediate);
    },
  };
}
