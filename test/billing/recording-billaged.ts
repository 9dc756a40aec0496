/*
 * A billaged that writes down each batch before it acknowledges it, so that what it has acknowledged outlives `kill -9`.
 * A process: `node recording-billaged.ts PORT FILE`; port 0 takes a free one. It writes its port when it listens.
 */
import { createHash } from 'node:crypto';
import { appendFileSync } from 'node:fs';
import { createServer, type IncomingMessage } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { fromBinary, toBinary } from '@bufbuild/protobuf';
import { timestampMs } from '@bufbuild/protobuf/wkt';
import { SendMetricsBatchRequestSchema, SendMetricsBatchResponseSchema } from '@vmobs/wire/billing';
import type { RecordedBatch } from './recorded-batches.ts';

const [port, file = ''] = process.argv.slice(2);
const { typeName } = SendMetricsBatchResponseSchema;
const accepted = toBinary(SendMetricsBatchResponseSchema, { $typeName: typeName, success: true, message: '' });

function describe(body: Buffer): RecordedBatch {
  const { vmId, metrics } = fromBinary(SendMetricsBatchRequestSchema, body);
  return {
    vmId,
    times: metrics.map(({ timestamp }) => (timestamp === undefined ? 0 : timestampMs(timestamp))),
    digest: createHash('sha256').update(body).digest('hex'),
  };
}

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks);
}

const server = createServer(async (request, response) => {
  const body = await readBody(request);
  // Heartbeats and notices are acknowledged with `success`, which has the same number in every answer.
  if (request.url?.endsWith('/SendMetricsBatch')) appendFileSync(file, `${JSON.stringify(describe(body))}\n`);
  // Long enough that a crash often comes between the two: then the batch is sent again.
  await sleep(20 * Math.random());
  response.writeHead(200, { 'content-type': 'application/proto' }).end(accepted);
});
// While it was dead its port may have become the other end of a connection of anybody; that passes.
server.on('error', () => setTimeout(listen, 50));
server.on('listening', () => {
  const address = server.address();
  if (address !== null && typeof address === 'object') process.stdout.write(`${address.port}\n`);
});
function listen(): void {
  server.listen(Number(port), '127.0.0.1');
}
listen();
