/** `true`, or a short reason why not, which anyone may read; `false` gives none. */
export type CheckAnswer = boolean | string;

/**
 * Finds out whether something is there that a service cannot do without. What it throws is a reason, too; that one goes to
 * the log alone.
 *
 * @param signal is aborted when nobody waits for the answer any more
 */
export type ReadinessCheck = (signal: AbortSignal) => Promise<CheckAnswer> | CheckAnswer;

/** Options of a readiness check. */
export interface ReadinessCheckOptions {
  /** How long an answer may take. Less than the probe waits, which is 1 s in Kubernetes unless told otherwise. @default 500 */
  readonly timeoutMs?: number;
}

/** Is told when the outcome of a check changes. @param reason `undefined` when it passes */
export type CheckListener = (name: string, reason: string | undefined, error: unknown) => void;

/** Outcome of each check: `ok`, or why not. */
export type CheckOutcomes = Readonly<Record<string, string>>;

/** The readiness checks of a service. */
export interface ReadinessChecks {
  add(name: string, check: ReadinessCheck, options?: ReadinessCheckOptions): void;
  /** Runs all of them at once; who asks while they run shares their outcome. */
  run(): Promise<CheckOutcomes>;
}

interface NamedCheck {
  readonly name: string;
  readonly check: ReadinessCheck;
  readonly timeoutMs: number;
  /** As the listener knows it. */
  reason: string | undefined;
}

/** What a check says that passes. */
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
      reason = 'failed; the log of the service says why';
    }
    if (reason !== check.reason) onChange(check.name, reason, cause);
    check.reason = reason;
    return reason ?? passed;
  }

  return {
    add(name, check, { timeoutMs = 500 } = {}) {
      if (checks.some((other) => other.name === name)) {
        throw new Error(`there is a readiness check "${name}" already; give this one another name`);
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

/** The answer of a check, or that there is none. */
async function answerInTime({ check, timeoutMs }: NamedCheck): Promise<CheckAnswer> {
  const abort = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<string>((resolve) => {
    timer = setTimeout(() => resolve(`no answer within ${timeoutMs} ms`), timeoutMs);
  });
  try {
    return await Promise.race([check(abort.signal), timeout]);
  } finally {
    clearTimeout(timer);
    abort.abort();
  }
}
