import { existsSync } from 'node:fs';
import { Code, ConnectError } from '@connectrpc/connect';
import { CommandError, readTokenFile } from '@vmobs/settings';
import { type BillingClient, createBillingClient } from './billing/billing-client.ts';
import { isRefusalOfBatch } from './billing/delivery.ts';
import type { BatchHeader } from './billing/messages.ts';
import { memoryOnly, resolveFolder } from './billing/spool/open-spool.ts';
import { settleSetAside } from './billing/spool/set-aside.ts';
import { billingTokenVariable, type MetaldConfig, metaldSettings } from './config.ts';

/** The settings of `metald-sim resend-set-aside`: where the batches are, where they go, and with which token. */
export const resendSettings = {
  billingEndpoint: metaldSettings.billingEndpoint,
  billingTokenFile: metaldSettings.billingTokenFile,
  spool: metaldSettings.spool,
};

/** Exit statuses of the command besides those of every command. */
export const resendStatuses = { 3: 'some batches are still rejected, or cannot be read' } as const;

/**
 * Sends the batches again that billaged has rejected, and removes those that it accepts now. billaged bills a sample once,
 * so the command can be repeated; metald may run meanwhile.
 *
 * @param write gets the lines of the report
 * @returns the exit status: 0 nothing is left, 3 some are still rejected or cannot be read
 * @throws CommandError when billaged cannot be reached or is overloaded; the batches that it has not accepted stay
 * @throws SpoolFolderError when the folder cannot be used
 * @throws ConfigurationError when the file of the token cannot be used
 */
export async function resendSetAside(
  config: Pick<MetaldConfig, keyof typeof resendSettings>,
  write: (line: string) => void,
): Promise<0 | 3> {
  const { spool, billingEndpoint } = config;
  if (spool === memoryOnly || spool === '')
    throw new CommandError('a spool in memory sets nothing aside; name a folder');
  const folder = resolveFolder(spool);
  if (!existsSync(folder)) throw new CommandError(`there is no spool folder ${folder}`);
  const token = readTokenFile(billingTokenVariable, config.billingTokenFile);
  const client = createBillingClient(billingEndpoint, [], token);
  const count = { accepted: 0, samples: 0, rejected: 0 };
  try {
    const corruptions = await settleSetAside(folder, async ({ header, bytes }) => {
      const reason = await rejectionOf(client, bytes, billingEndpoint);
      if (reason === undefined) {
        count.accepted += 1;
        count.samples += header.sampleCount;
        return true;
      }
      count.rejected += 1;
      write(`rejected: ${describe(header)}: ${reason}`);
      return false;
    });
    if (corruptions > 0) write(`corrupt: ${corruptions} places of the file cannot be read; their bytes are kept`);
    return count.rejected + corruptions > 0 ? 3 : 0;
  } finally {
    client.close();
    write(
      `accepted ${count.accepted} batches with ${count.samples} samples; rejected ${count.rejected}, which are kept`,
    );
  }
}

/** Sends a batch. @returns why billaged rejects it; undefined when it is billed @throws CommandError for any other failure */
async function rejectionOf(client: BillingClient, bytes: Uint8Array, endpoint: string): Promise<string | undefined> {
  try {
    await client.sendBatch(bytes, new AbortController().signal);
    return undefined;
  } catch (error) {
    const { code, rawMessage } = ConnectError.from(error);
    if (isRefusalOfBatch(error)) return rawMessage;
    throw new CommandError(
      `billaged at ${endpoint} does not accept batches now (${Code[code]}: ${rawMessage}); run the command again`,
      { cause: error },
    );
  }
}

function describe({ vmId, customerId, sampleCount, firstTimestamp, lastTimestamp }: BatchHeader): string {
  const iso = (nanoseconds: bigint) => new Date(Number(nanoseconds / 1_000_000n)).toISOString();
  const times = `${iso(firstTimestamp)} to ${iso(lastTimestamp)}`;
  return `VM ${JSON.stringify(vmId)} of ${JSON.stringify(customerId)}, ${sampleCount} samples from ${times}`;
}
