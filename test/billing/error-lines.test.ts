import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type MetaldOptions, startMetald } from '@vmobs/metald-sim';
import { eventually } from '@vmobs/testing';
import { expect, onTestFinished, test } from 'vitest';
import { createTestFolder } from './crashing-services.ts';
import { type ScriptedBillaged, startScriptedBillaged } from './scripted-billaged.ts';

type Line = Readonly<Record<string, unknown>>;

/** A metald of a few VMs with a spool on disk, and the error lines that it has written up to now. */
async function startTestMetald(billaged: ScriptedBillaged, spool: string, options: MetaldOptions = {}) {
  const lines: Line[] = [];
  const metald = await startMetald({
    port: 0,
    metricsPort: 0,
    vms: 20,
    billingEndpoint: billaged.url,
    billingIntervalMs: 10,
    billingBatchSize: 1,
    spool,
    spoolLimitMib: 1,
    logOutput: { write: (line) => void lines.push(JSON.parse(line)) },
    ...options,
  });
  onTestFinished(metald.close);
  return { close: metald.close, errors: () => lines.filter(({ level }) => level === 'error') };
}

const ofVm = {
  vm_id: expect.stringMatching(/^ud-[0-9a-f]{16}$/),
  customer_id: expect.stringMatching(/^fleet-customer-\d+$/),
};

/** Waits for an error line with these words, and checks that no other line of them is different from it. */
async function expectErrors(errors: () => Line[], msg: string, fields: object): Promise<void> {
  const found = await eventually(
    () => errors().filter((line) => line['msg'] === msg),
    (some) => some.length > 0,
  );
  for (const line of found) expect(line).toMatchObject(fields);
}

test('a batch that billaged rejects is logged with the VM, the operation and the answer', async () => {
  const billaged = await startScriptedBillaged();
  billaged.mode = 'refuses batches';
  const { errors } = await startTestMetald(billaged, await createTestFolder());
  const cause = { reason: 'refused', error: expect.stringContaining('[invalid_argument]') };
  await expectErrors(errors, 'billing batch dropped', { operation: 'send_batch', ...ofVm, ...cause });
});

test('a batch that finds no room is one, too', async () => {
  const billaged = await startScriptedBillaged();
  billaged.mode = 'overloaded';
  const { errors } = await startTestMetald(billaged, await createTestFolder());
  const cause = {
    reason: 'spool_full',
    error: expect.stringMatching(/^\d+ entries wait in \d+ bytes, which is the limit$/),
  };
  await expectErrors(errors, 'billing batch dropped', { operation: 'store_batch', ...ofVm, ...cause });
});

test('a disk that does not take a batch is named with what it said', async () => {
  const billaged = await startScriptedBillaged();
  billaged.mode = 'overloaded';
  const spool = join(await createTestFolder(), 'spool');
  const { errors } = await startTestMetald(billaged, spool);
  await rm(spool, { recursive: true });
  const cause = { reason: 'spool_unwritable', error: expect.stringContaining('ENOENT') };
  await expectErrors(errors, 'billing batch dropped', { operation: 'store_batch', ...ofVm, ...cause });
  await expectErrors(errors, 'spool I/O failed', {
    operation: expect.stringMatching(/^(write|sync)$/),
    error: expect.stringContaining('ENOENT'),
  });
});

test('damage of the spool is named when metald starts, with how much of it', async () => {
  const billaged = await startScriptedBillaged();
  billaged.mode = 'overloaded';
  const spool = join(await createTestFolder(), 'spool');
  const first = await startTestMetald(billaged, spool, { spoolLimitMib: 64 });
  await eventually(
    () => readFile(join(spool, '0000000001.spool')),
    (bytes) => bytes.length > 20_000,
  );
  await first.close();
  const [segment = ''] = (await readdir(spool)).filter((name) => name.endsWith('.spool'));
  const bytes = await readFile(join(spool, segment));
  const middle = Math.floor(bytes.length / 2);
  bytes.fill(0, middle, middle + 100);
  await writeFile(join(spool, segment), bytes);

  const { errors } = await startTestMetald(billaged, spool, { spoolLimitMib: 64 });
  await expectErrors(errors, 'the spool is corrupt: batches are lost', {
    operation: 'recover_spool',
    corruptions: 1,
    error: 'records do not have their checksums',
  });
});
