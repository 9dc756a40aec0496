import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openSqliteLedger } from '@vmobs/billaged-sim/ledger';
import { expect, onTestFinished, test } from 'vitest';
import { startServiceProcess } from '../support/service-process.ts';
import {
  cpuNanosOfSample,
  firstHour,
  memoryBytes,
  monthHours,
  samplesOfRun,
  vmsOfCustomer,
  writeLargeLedger,
} from './large-ledger.ts';

/** VMs with a segment in each minute of a month; `BILLING_LARGE_VMS=240` makes ten million segments. */
const vms = Number(process.env['BILLING_LARGE_VMS'] ?? 10);

test(`a ledger with a month of ${vms} VMs opens at once and answers for a customer`, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'billed-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const path = join(folder, 'billaged.db');
  await writeLargeLedger(path, vms);

  const startedAt = performance.now();
  const billaged = await startServiceProcess('billaged-sim', { BILLAGED_DATABASE: path });
  const readyMs = performance.now() - startedAt;
  expect(await billaged.end()).toBe(0);

  const openingAt = performance.now();
  const ledger = openSqliteLedger({ path });
  onTestFinished(() => ledger.close());
  const openMs = performance.now() - openingAt;
  expect(ledger.activeVms).toBe(vms);
  const queriedAt = performance.now();
  const month = {
    customerId: 'customer-0',
    fromSeconds: firstHour * 3_600,
    toSeconds: (firstHour + monthHours) * 3_600,
  };
  const { rows } = await ledger.usage(month);
  const queryMs = performance.now() - queriedAt;
  const samples = monthHours * 60 * samplesOfRun;
  expect(rows).toHaveLength(Math.min(vms, vmsOfCustomer));
  for (const row of rows) {
    expect(row).toMatchObject({
      sampleCount: samples,
      gaps: 0,
      growth: { cpuNanos: BigInt(samples * cpuNanosOfSample) },
      memorySumBytes: BigInt(samples) * BigInt(memoryBytes),
      // A sample a second, so it is held from the first to the last.
      memoryByteMillis: BigInt(samples - 1) * 1_000n * BigInt(memoryBytes),
    });
  }
  // The last day has not ended for the ledger, so these come from hours and from segments.
  const lastHours = await ledger.usage({ ...month, fromSeconds: (firstHour + monthHours - 2) * 3_600 });
  expect(lastHours.rows[0]).toMatchObject({
    sampleCount: 7_200,
    growth: { cpuNanos: BigInt(7_200 * cpuNanosOfSample) },
  });
  const { size } = await stat(path);
  process.stdout.write(
    `measured: ${vms * monthHours * 60} segments, ${Math.round(size / 1024 ** 2)} MB; process ready after ${Math.round(readyMs)} ms, ledger opened in ${Math.round(openMs)} ms, ` +
      `month of a customer with ${rows.length} VMs in ${Math.round(queryMs)} ms\n`,
  );
}, 600_000);
