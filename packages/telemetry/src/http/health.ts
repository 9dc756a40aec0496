import {
  type CheckListener,
  type CheckOutcomes,
  createReadinessChecks,
  passed,
  type ReadinessCheck,
  type ReadinessCheckOptions,
} from './readiness-checks.ts';

/** Lifecycle state of a service. */
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
  /** `not_ready` when a check does not pass. */
  readonly status: Readiness | 'not_ready';
  readonly service: string;
  /** `ok` or the reason, by the name of the check. Missing while the service is starting or draining. */
  readonly checks?: CheckOutcomes;
}

/** The response of `/ready`: 200 when ready, else 503 with the reason. */
export interface ReadyAnswer {
  readonly statusCode: 200 | 503;
  readonly body: ReadyBody;
}

/** Liveness and readiness of one service. */
export interface Health {
  /** Lifecycle state, which `listen` and `close` set. */
  readiness: Readiness;
  /**
   * Adds a condition to `/ready`, such as whether a database answers. Never part of `/health`: restarting a service does not
   * repair what it depends on.
   *
   * @example
   * ```ts
   * telemetry.health.addCheck('ledger', async (signal) => {
   *   const { ok } = await telemetry.fetch('http://localhost:8081/ready', { signal });
   *   return ok || 'the ledger is not ready';
   * });
   * ```
   *
   * @throws Error when a check of that name exists
   */
  addCheck(name: string, check: ReadinessCheck, options?: ReadinessCheckOptions): void;
  /** The body of `/health`, always with 200: a process that can answer is alive. */
  health(): HealthBody;
  /** The response of `/ready`. */
  ready(): Promise<ReadyAnswer>;
}

/** Options of `createHealth`. */
export interface HealthOptions {
  readonly service: string;
  readonly version: string;
  /** Called when the outcome of a readiness check changes. @default none */
  readonly onCheckChanged?: CheckListener;
}

/** Makes the health of a service, in the state `starting`. */
export function createHealth({ service, version, onCheckChanged = () => undefined }: HealthOptions): Health {
  const checks = createReadinessChecks(onCheckChanged);
  const health: Health = {
    readiness: 'starting',
    addCheck: checks.add,
    health: () => ({ status: 'ok', service, version, uptime_seconds: process.uptime() }),
    async ready() {
      const outcomes = health.readiness === 'ready' ? await checks.run() : {};
      // The service may have started to drain meanwhile.
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
