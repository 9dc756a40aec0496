import {
  type CheckListener,
  type CheckOutcomes,
  createReadinessChecks,
  passed,
  type ReadinessCheck,
  type ReadinessCheckOptions,
} from './readiness-checks.ts';

/** Where a service is in its life. */
export type Readiness = 'starting' | 'ready' | 'draining';

/** Body of `/health`: the process is alive. */
export interface HealthBody {
  readonly status: 'ok';
  readonly service: string;
  readonly version: string;
  readonly uptime_seconds: number;
}

/** Body of `/ready`. */
export interface ReadyBody {
  /** `not_ready` when a check says why. */
  readonly status: Readiness | 'not_ready';
  readonly service: string;
  /** By the name of each check: `ok`, or why not. There while the service is neither starting nor draining. */
  readonly checks?: CheckOutcomes;
}

/** What `/ready` answers: 200 when ready, else 503 with the reason. */
export interface ReadyAnswer {
  readonly statusCode: 200 | 503;
  readonly body: ReadyBody;
}

/** Liveness and readiness of one service. */
export interface Health {
  /** Where the service is in its life; its lifecycle sets it. */
  readiness: Readiness;
  /**
   * Has `/ready` ask for more than the life of the service: whether its database answers, say. Never part of `/health`:
   * restarting a service does not mend what it depends on.
   *
   * @example
   * ```ts
   * telemetry.health.addCheck('ledger', async (signal) => {
   *   const { ok } = await telemetry.fetch('http://localhost:8081/ready', { signal });
   *   return ok || 'the ledger is not ready';
   * });
   * ```
   *
   * @throws Error when there is one of that name already
   */
  addCheck(name: string, check: ReadinessCheck, options?: ReadinessCheckOptions): void;
  /** What `/health` answers, always with 200: a process that can say so is alive. */
  health(): HealthBody;
  /** What `/ready` answers. */
  ready(): Promise<ReadyAnswer>;
}

/** Options of `createHealth`. */
export interface HealthOptions {
  readonly service: string;
  readonly version: string;
  /** Is told when the outcome of a readiness check changes. @default nobody is */
  readonly onCheckChanged?: CheckListener;
}

/** Makes the health of a service that is starting. */
export function createHealth({ service, version, onCheckChanged = () => undefined }: HealthOptions): Health {
  const checks = createReadinessChecks(onCheckChanged);
  const health: Health = {
    readiness: 'starting',
    addCheck: checks.add,
    health: () => ({ status: 'ok', service, version, uptime_seconds: process.uptime() }),
    async ready() {
      const outcomes = health.readiness === 'ready' ? await checks.run() : {};
      // The service may have begun to drain meanwhile.
      if (health.readiness !== 'ready') return { statusCode: 503, body: { status: health.readiness, service } };
      const reasons = Object.values(outcomes);
      const isReady = reasons.every((reason) => reason === passed);
      return {
        statusCode: isReady ? 200 : 503,
        body: { status: isReady ? 'ready' : 'not_ready', service, ...(reasons.length > 0 && { checks: outcomes }) },
      };
    },
  };
  return health;
}
