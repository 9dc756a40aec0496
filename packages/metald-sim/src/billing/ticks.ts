/** VMs that are sampled in one go: sampling that takes too long is interrupted only between two such blocks. */
export const blockSize = 64;

/** Time between two ticks, unless the interval is shorter. */
const tickMs = 10;
/** Most ticks of an interval. */
const mostTicks = 1_000;
/** How long ticks may work before other events of the process get their turn. */
const turnMs = 10;

/** How one tick went. */
export interface TickReport {
  /** How late it began, in milliseconds. */
  readonly lagMs: number;
  /** How long it worked, without interruptions, in milliseconds. */
  readonly workMs: number;
  /** Ticks before it that were skipped: their VMs were not sampled in that interval. */
  readonly missed: number;
}

/** What is done at each tick. */
export interface TickWork {
  /** Blocks that there are now. */
  blockCount(): number;
  /** Does the work of a block. */
  visit(block: number): void;
  /** Takes the report of a tick that has ended. */
  tickEnded(report: TickReport): void;
}

/**
 * Visits every block once an interval, a share of them at each tick: ten thousand VMs every 100 ms are a thousand every
 * 10 ms. So the work is spread evenly, a request never waits for all of it, and each VM has its own fixed phase. A block
 * keeps its tick, however the fleet grows; ticks without blocks are skipped.
 *
 * A late tick is made up for, unless the next tick of the same VMs is due already: then it is missed for good.
 *
 * @param intervalMs time between two visits of a block
 */
export function startTicks(work: TickWork, intervalMs: number): { stop(): void } {
  const ticks = Math.min(mostTicks, Math.max(1, Math.floor(intervalMs / tickMs)));
  const begunAt = performance.now();
  /** Number of the next tick: tick `n` is due `n` shares of an interval after the beginning. */
  let next = ticks;
  /** Next block of the current tick. */
  let block = 0;
  let isUnderWay = false;
  let report = { lagMs: 0, workMs: 0, missed: 0 };
  let timer: NodeJS.Timeout | undefined;
  let immediate: NodeJS.Immediate | undefined;

  const dueAt = (tick: number) => begunAt + (tick * intervalMs) / ticks;

  /** Goes to the next tick that has blocks. */
  function advance(): void {
    const used = Math.min(ticks, Math.max(1, work.blockCount()));
    next += 1;
    if (next % ticks >= used) next += ticks - (next % ticks);
  }

  /** Skips ticks whose VMs are due again. @returns how many */
  function skipMissed(now: number): number {
    let missed = 0;
    while (dueAt(next + ticks) <= now) {
      const rounds = Math.floor((now - dueAt(next)) / intervalMs);
      // Whole intervals at once: after a night of sleep there are many.
      if (rounds > 1) {
        missed += (rounds - 1) * Math.min(ticks, Math.max(1, work.blockCount()));
        next += (rounds - 1) * ticks;
      }
      advance();
      missed += 1;
    }
    return missed;
  }

  function begin(now: number): void {
    const missed = skipMissed(now);
    report = { lagMs: Math.max(0, now - dueAt(next)), workMs: 0, missed };
    block = next % ticks;
    isUnderWay = true;
  }

  /** Works on the ticks that are due, block by block, until none is due or the turn is over. */
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
      if (block < work.blockCount()) {
        work.visit(block);
        block += ticks;
        now = performance.now();
        report.workMs += now - workBegan;
      }
      if (block >= work.blockCount()) {
        isUnderWay = false;
        work.tickEnded(report);
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
