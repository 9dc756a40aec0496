import { setTimeout as sleep } from 'node:timers/promises';
import { validConfig, vmClient } from '../support/clients.ts';

/** A client that uses metald without a break. */
export interface SteadyTraffic {
  /**
   * Deletes the VM, so that nothing is billed any more, and ends.
   *
   * @returns how many requests were answered
   * @throws the error of the first request that failed: the services must not notice an outage of the monitoring
   */
  stop(): Promise<number>;
}

/**
 * Boots one VM, whose usage is then billed every second, and asks for it again and again: about 16 requests a second, and
 * lines and spans of both services all the time.
 */
export async function startSteadyTraffic(metaldUrl: string): Promise<SteadyTraffic> {
  const client = vmClient(metaldUrl);
  const { vmId } = await client.createVm({ config: validConfig });
  await client.bootVm({ vmId });
  let requests = 2;
  let isStopping = false;
  const running = (async () => {
    while (!isStopping) {
      await client.getVmInfo({ vmId });
      requests += 1;
      await sleep(60);
    }
  })();
  // Stopping the traffic reports its failure.
  running.catch(() => undefined);
  return {
    async stop() {
      isStopping = true;
      await running;
      await client.shutdownVm({ vmId });
      await client.deleteVm({ vmId });
      return requests + 2;
    },
  };
}
