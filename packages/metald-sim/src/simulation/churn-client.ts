import { setTimeout as sleep } from 'node:timers/promises';
import { Code, ConnectError, createClient, createRouterTransport, type ServiceImpl } from '@connectrpc/connect';
import { context, propagation, ROOT_CONTEXT } from '@opentelemetry/api';
import type { Logger } from '@vmobs/telemetry';
import { type VmConfig, VmService } from '@vmobs/wire/vmprovisioner';
import type { Vm } from '../fleet/vm.ts';

/** Pause before a step is retried; it doubles each time, up to the longest. */
const firstPauseMs = 500;
const longestPauseMs = 5_000;

/** Codes of a step that fails at every retry. */
const finalCodes: readonly Code[] = [Code.NotFound, Code.FailedPrecondition, Code.InvalidArgument];

/** Options of `createVmReplacer`. */
export interface VmReplacerOptions {
  readonly service: ServiceImpl<typeof VmService>;
  readonly logger: Logger;
  /** Ends all retries. */
  readonly signal: AbortSignal;
}

/**
 * Makes a function that replaces a VM by another of the same customer and configuration. It is a client of the API
 * without the network: its calls are checked, counted, logged and billed like those of any client. It retries until a VM
 * that it has ended is replaced: after an outage of the hypervisor the fleet has its size again.
 */
export function createVmReplacer({ service, logger, signal }: VmReplacerOptions) {
  const client = createClient(
    VmService,
    createRouterTransport((router) => router.service(VmService, service)),
  );

  async function replace({ id: vmId, config }: Vm<VmConfig>): Promise<void> {
    await client.shutdownVm({ vmId });
    await persist(() => client.deleteVm({ vmId }));
    const created = await persist(() => client.createVm({ config }));
    await persist(() => client.bootVm({ vmId: created.vmId }));
  }

  async function persist<Answer>(step: () => Promise<Answer>): Promise<Answer> {
    for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(2 * pauseMs, longestPauseMs)) {
      try {
        return await step();
      } catch (error) {
        if (signal.aborted || finalCodes.includes(ConnectError.from(error).code)) throw error;
        await sleep(pauseMs, undefined, { signal });
      }
    }
  }

  return async (vm: Vm<VmConfig>): Promise<void> => {
    const baggage = propagation.createBaggage({ tenant_id: { value: vm.customerId } });
    try {
      await context.with(propagation.setBaggage(ROOT_CONTEXT, baggage), replace, undefined, vm);
    } catch (error) {
      if (!signal.aborted)
        logger.warn({ vm_id: vm.id, error: ConnectError.from(error).message }, 'replacing a vm failed');
    }
  };
}
