import { startBillaged } from '@vmobs/billaged-sim';
import { startMetald } from '@vmobs/metald-sim';
import type { CatalogueEntry } from '@vmobs/telemetry';

/** The catalogues of both services. */
export interface Catalogues {
  readonly metald: readonly CatalogueEntry[];
  readonly billaged: readonly CatalogueEntry[];
}

/** Reads the catalogues off the services themselves, started for the moment. */
export async function readCatalogues(): Promise<Catalogues> {
  const quiet = { port: 0, metricsPort: 0, logLevel: 'silent' } as const;
  const metald = await startMetald({ ...quiet, billingEnabled: false });
  const billaged = await startBillaged(quiet);
  try {
    return { metald: metald.telemetry.metrics.entries, billaged: billaged.telemetry.metrics.entries };
  } finally {
    await metald.close();
    await billaged.close();
  }
}
