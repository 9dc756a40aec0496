import { startBillaged } from '@vmobs/billaged-sim';
import { startMetald } from '@vmobs/metald-sim';

/** What `/sim/faults` says of a fault, as far as it is read here. */
export interface KnownFault {
  readonly name: string;
  readonly schema: {
    readonly properties: {
      readonly size: { readonly minimum: number; readonly maximum: number; readonly default: number };
    };
  };
}

/** The faults of each service, by name, from a service that was started for this and has ended. */
export interface KnownFaults {
  readonly metald: ReadonlyMap<string, KnownFault>;
  readonly billaged: ReadonlyMap<string, KnownFault>;
}

/** Starts both services and asks each for its faults. */
export async function readKnownFaults(): Promise<KnownFaults> {
  const options = { port: 0, metricsPort: 0, logLevel: 'silent', simControl: true } as const;
  const metald = await startMetald({ ...options, billingEnabled: false });
  const billaged = await startBillaged(options);
  try {
    return { metald: await listFaults(metald.url), billaged: await listFaults(billaged.url) };
  } finally {
    await metald.close();
    await billaged.close();
  }
}

async function listFaults(url: string): Promise<Map<string, KnownFault>> {
  const response = await fetch(`${url}/sim/faults`);
  // The routes of faults have tests of their own; here only their names and sizes are read.
  const { faults } = (await response.json()) as { readonly faults: readonly KnownFault[] };
  return new Map(faults.map((fault) => [fault.name, fault]));
}
