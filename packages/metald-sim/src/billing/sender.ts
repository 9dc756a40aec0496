import type { Breaker } from './breaker.ts';
import type { SpoolEntry } from './spool/entry.ts';

/** How an attempt ended: the entry is dealt with, one way or the other, or has to be tried again. */
export type AttemptOutcome =
  | { readonly isSettled: true }
  | { readonly isSettled: false; readonly retryAfterMs: number | undefined };

/** Tries to deliver an entry once. It never rejects, and ends soon after the signal is aborted. */
export type Attempt = (
  entry: SpoolEntry,
  /** A batch of the same VM waits behind this entry: it cannot be sent before. */
  isBeforeBatch: boolean,
  signal: AbortSignal,
) => Promise<AttemptOutcome>;

/** Delivers entries: those of one VM in order, one at a time, and those of different VMs beside each other. */
export interface Sender {
  /** Puts an entry behind the others of its VM. */
  add(entry: SpoolEntry): void;
  /** Delivers what is left, without long pauses, until this time is over; then breaks off what is under way. */
  close(timeoutMs: number): Promise<void>;
}

/** Options of `createSender`. */
export interface SenderOptions {
  readonly attempt: Attempt;
  readonly breaker: Breaker;
  /** Most attempts at a time. @default 8 */
  readonly concurrency?: number;
  /** Wait of a VM after its first failed attempt; it doubles with each further one. @default 100 */
  readonly firstRetryMs?: number;
  /** Longest wait of a VM between two attempts. @default 30_000 */
  readonly longestRetryMs?: number;
  /** Draws the jitter of a wait, 0 to 1. @default Math.random */
  readonly random?: () => number;
}

/** What waits for one VM. */
interface Lane {
  readonly entries: SpoolEntry[];
  failures: number;
}

/** Makes a sender with nothing to send. */
export function createSender(options: SenderOptions): Sender {
  const { attempt, breaker, concurrency = 8, firstRetryMs = 100, longestRetryMs = 30_000 } = options;
  const { random = Math.random } = options;
  const lanes = new Map<string, Lane>();
  /** Lanes whose first entry can be tried, in the order in which they came. */
  const ready = new Set<Lane>();
  /** Lanes that wait after a failure. */
  const resting = new Map<Lane, NodeJS.Timeout>();
  let underWay = 0;
  let wakeUp: NodeJS.Timeout | undefined;
  let isHurried = false;
  let onIdle: (() => void) | undefined;
  const end = new AbortController();

  /** Begins as many attempts as may be made now. */
  function pump(): void {
    clearTimeout(wakeUp);
    while (ready.size > 0 && underWay < concurrency && !end.signal.aborted) {
      const waitMs = breaker.waitMs();
      if (waitMs > 0) {
        if (waitMs !== Number.POSITIVE_INFINITY) wakeUp = setTimeout(pump, Math.ceil(waitMs));
        break;
      }
      void serve(nextLane());
    }
    if (underWay === 0 && (lanes.size === 0 || end.signal.aborted)) onIdle?.();
  }

  /** The attempt after an outage is made with a batch if there is one: what fails then is what is at risk. */
  function nextLane(): Lane {
    const [first] = ready;
    const withBatch = breaker.state === 'open' ? ready.values().find(hasBatch) : undefined;
    const lane = withBatch ?? first;
    if (lane === undefined) throw new Error('no lane is ready');
    ready.delete(lane);
    return lane;
  }

  async function serve(lane: Lane): Promise<void> {
    const [entry] = lane.entries;
    if (entry === undefined) return;
    underWay += 1;
    const breakerAttempt = breaker.begin();
    const outcome = await attempt(entry, entry.content.kind !== 'batch' && hasBatch(lane), end.signal);
    underWay -= 1;
    if (outcome.isSettled) {
      const wasClosed = breaker.state === 'closed';
      breaker.succeeded(breakerAttempt);
      // billaged is back: nobody has to wait any longer.
      if (!wasClosed) releaseAll();
      lane.entries.shift();
      lane.failures = 0;
      if (lane.entries.length === 0) lanes.delete(entry.content.vmId);
      else ready.add(lane);
    } else {
      breaker.failed(breakerAttempt, outcome.retryAfterMs);
      rest(lane);
    }
    pump();
  }

  function rest(lane: Lane): void {
    const longest = isHurried ? firstRetryMs : longestRetryMs;
    const retryMs = Math.min(firstRetryMs * 2 ** lane.failures, longest);
    lane.failures += 1;
    const release = () => {
      resting.delete(lane);
      ready.add(lane);
      pump();
    };
    // Between half of it and all of it, so that many VMs do not return at the same moment.
    resting.set(lane, setTimeout(release, retryMs * (0.5 + 0.5 * random())));
  }

  function releaseAll(): void {
    for (const [lane, timer] of resting) {
      clearTimeout(timer);
      ready.add(lane);
    }
    resting.clear();
  }

  return {
    add(entry) {
      const { vmId } = entry.content;
      const lane = lanes.get(vmId);
      if (lane !== undefined) {
        lane.entries.push(entry);
        return;
      }
      const added = { entries: [entry], failures: 0 };
      lanes.set(vmId, added);
      ready.add(added);
      pump();
    },
    async close(timeoutMs) {
      isHurried = true;
      breaker.hurry();
      releaseAll();
      const idle = new Promise<void>((resolve) => {
        onIdle = resolve;
      });
      const deadline = setTimeout(() => {
        end.abort();
        pump();
      }, timeoutMs);
      pump();
      await idle;
      clearTimeout(deadline);
      end.abort();
      clearTimeout(wakeUp);
      for (const timer of resting.values()) clearTimeout(timer);
    },
  };
}

function hasBatch({ entries }: Lane): boolean {
  return entries.some(({ content }) => content.kind === 'batch');
}
