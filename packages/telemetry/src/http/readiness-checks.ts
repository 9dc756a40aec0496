import { within } from '../deadlines/within.ts';

/** `true`, or a short public reason why not; `false` gives no reason. */
export type CheckAnswer = boolean | string;

/**
 * Checks something that a service needs. An error that it throws counts as not passing, and its text only goes to the log.
 *
 * @param signal aborted when nobody waits for the answer any more
 */
export type ReadinessCheck = (signal: AbortSignal) => Promise<CheckAnswer> | CheckAnswer;

/** Options of a readiness check. */
export interface ReadinessCheckOptions {
  /** How long an answer may take, in milliseconds. Keep it below the timeout of the probe, by default 1 s in Kubernetes. @default 500 */
  readonly timeoutMs?: number;
}

/** Called when the outcome of a check changes. @param reason `undefined` when it passes */
export type CheckListener = (name: string, reason: string | undefined, error: unknown) => void;

/** Outcome of each check: `ok` or the reason. */
export type CheckOutcomes = Readonly<Record<string, string>>;

/** The readiness checks of a service. */
export interface ReadinessChecks {
  add(name: string, check: ReadinessCheck, options?: ReadinessCheckOptions): void;
  /** Runs all checks concurrently. A call while they run shares their outcome. */
  run(): Promise<CheckOutcomes>;
}

interface NamedCheck {
  readonly name: string;
  readonly check: ReadinessCheck;
  readonly timeoutMs: number;
  /** The last reason that was reported. */
  reason: string | undefined;
}

/** The outcome of a check that passes. */
export const passed = 'ok';

/** Makes an empty set of readiness checks. */
export function createReadinessChecks(onChange: CheckListener): ReadinessChecks {
  const checks: NamedCheck[] = [];
  let running: Promise<CheckOutcomes> | undefined;

  async function runAll(): Promise<CheckOutcomes> {
    const outcomes = await Promise.all(checks.map(async (check) => [check.name, await runOne(check)] as const));
    return Object.fromEntries(outcomes);
  }

  async function runOne(check: NamedCheck): Promise<string> {
    let reason: string | undefined;
    let cause: unknown;
    try {
      const answer = await answerInTime(check);
      if (answer !== true) reason = answer === false ? 'does not pass' : answer;
    } catch (error) {
      cause = error;
      reason = 'failed; see the log of the service';
    }
    if (reason !== check.reason) onChange(check.name, reason, cause);
    check.reason = reason;
    return reason ?? passed;
  }

  return {
    add(name, check, { timeoutMs = 500 } = {}) {
      if (checks.some((other) => other.name === name)) {
        throw new Error(`a readiness check "${name}" exists already; use another name`);
      }
      checks.push({ name, check, timeoutMs, reason: undefined });
    },
    run() {
      running ??= runAll().finally(() => {
        running = undefined;
      });
      return running;
    },
  };
}

/** The answer of a check, or that it timed out. */
async function answerInTime({ check, timeoutMs }: NamedCheck): Promise<CheckAnswer> {
  const abort = new AbortController();
  try {
    const answer = Promise.resolve(check(abort.signal));
    return await within(answer, timeoutMs, () => `no answer within ${timeoutMs} ms`);
  } finally {
    abort.abort();
  }
}
