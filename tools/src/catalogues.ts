import { startBillaged } from '@vmobs/billaged-sim';
import { startWebhookSink } from '@vmobs/lab/webhook-sink';
import { startMetald } from '@vmobs/metald-sim';
import type { CatalogueEntry } from '@vmobs/telemetry/exposition';

/** The catalogues of both services and of the lab. */
export interface Catalogues {
  readonly metald: readonly CatalogueEntry[];
  readonly billaged: readonly CatalogueEntry[];
  readonly lab: readonly CatalogueEntry[];
}

/** Reads the catalogues from the services, which are started for this. */
export async function readCatalogues(): Promise<Catalogues> {
  const quiet = { port: 0, metricsPort: 0, logLevel: 'silent' } as const;
  const metald = await startMetald({ ...quiet, billingEnabled: false });
  const billaged = await startBillaged(quiet);
  const lab = await startWebhookSink({ port: 0 });
  try {
    return {
      metald: metald.telemetry.metrics.entries,
      billaged: billaged.telemetry.metrics.entries,
      lab: lab.catalogue.entries,
    };
  } finally {
    await metald.close();
    await billaged.close();
    await lab.close();
  }
}
