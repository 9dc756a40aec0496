/** Whether a service wants traffic. */
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
  readonly status: Readiness;
  readonly service: string;
}

/** Liveness and readiness of one service. */
export interface Health {
  /** Where the service is in its life; its lifecycle sets it. */
  readiness: Readiness;
  /** What `/health` answers, always with 200: a process that can say so is alive. */
  health(): HealthBody;
  /** What `/ready` answers: 200 when ready, else 503 with the reason as `status`. */
  ready(): { readonly statusCode: 200 | 503; readonly body: ReadyBody };
}

/** Makes the health of a service that is starting. */
export function createHealth({ service, version }: { service: string; version: string }): Health {
  return {
    readiness: 'starting',
    health: () => ({ status: 'ok', service, version, uptime_seconds: process.uptime() }),
    ready() {
      return { statusCode: this.readiness === 'ready' ? 200 : 503, body: { status: this.readiness, service } };
    },
  };
}
