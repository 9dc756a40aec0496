import { ConnectError } from '@connectrpc/connect';
import type { Logger } from '@vmobs/telemetry';
import type { Fleet } from '../fleet/fleet.ts';
import type { BillingClient } from './billing-client.ts';

/** Time between two heartbeats, as in the real metald. */
const heartbeatMs = 30_000;

/** Options of `startHeartbeat`. */
export interface HeartbeatOptions {
  readonly fleet: Pick<Fleet<unknown>, 'running'>;
  readonly client: BillingClient;
  readonly logger: Logger;
  /** Unix time in milliseconds. */
  readonly now: () => number;
}

/** Tells billaged now, and every 30 s until it is stopped, that this metald is alive and which VMs run. */
export function startHeartbeat({ fleet, client, logger, now }: HeartbeatOptions): { stop(): void } {
  const instanceId = `metald-${Math.floor(now() / 1_000)}`;

  function send(): void {
    const activeVms = Array.from(fleet.running(), ({ id }) => id);
    client.sendHeartbeat({ instanceId, activeVms }).catch((error: unknown) => {
      logger.warn({ instance_id: instanceId, error: ConnectError.from(error).message }, 'sending a heartbeat failed');
    });
  }

  const timer = setInterval(send, heartbeatMs);
  send();
  return { stop: () => clearInterval(timer) };
}
