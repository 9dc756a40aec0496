import type { OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { finished, pipeline } from 'node:stream/promises';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { TLSSocket } from 'node:tls';
import { type ChunkPool, createChunkPool } from './chunk-pool.ts';
import type { ChunkReader } from './chunks.ts';
import type { ContentCoding, NegotiatedCoding } from './content-coding.ts';
import { orAborted, type ScrapeEnd } from './scrape-end.ts';

/** How a page is sent. */
export interface DeliveryOptions extends NegotiatedCoding {
  readonly response: ServerResponse;
  readonly headers: OutgoingHttpHeaders;
  /** Whether headers are all that is wanted. */
  readonly isHead: boolean;
  /** Says when the page is not wanted any more; the response is then to be cut by the caller. */
  readonly end: Pick<ScrapeEnd, 'signal' | 'refuseIfLate'>;
  /** Is told of bytes as they are given to the connection, headers left out. */
  readonly onBytes: (count: number) => void;
}

/** What is written to a connection at once, before others have their turn: less than a millisecond of work. */
const chunkSize = 65_536;

/** Enough that the connection, or the thread that compresses, is never idle while the next chunk is filled. */
const chunksOnTheirWay = 4;

/** A page that fits into one packet with its headers does not arrive sooner when it is compressed. */
const compressionThreshold = 1_400;

/**
 * Sends a page: one that fits into a chunk whole, with its length; a larger one chunk by chunk, as the scraper reads, in
 * a bounded amount of memory, and with a turn for everything else between two chunks.
 *
 * @throws ScrapeAbort, or what the page threw; nothing was sent then unless the response says `headersSent`.
 */
export async function deliver(page: ChunkReader, options: DeliveryOptions): Promise<void> {
  const pool = createChunkPool({ count: chunksOnTheirWay, size: chunkSize });
  const chunk = await pool.acquire();
  const size = page.read(chunk);
  if (size < chunkSize) await sendWhole(chunk.subarray(0, size), options);
  else await sendChunks(chunk, { page, pool, options });
}

async function sendWhole(page: Uint8Array, options: DeliveryOptions): Promise<void> {
  const { response, headers, coding, isIdentityRefused, isHead, end, onBytes } = options;
  const isCompressed = coding !== undefined && (isIdentityRefused || page.length >= compressionThreshold);
  const body = isCompressed ? await orAborted(coding.compress(page), end.signal) : page;
  end.refuseIfLate();
  response.writeHead(200, {
    ...headers,
    ...(isCompressed && { 'content-encoding': coding.name }),
    'content-length': body.length,
  });
  if (!isHead) onBytes(body.length);
  response.end(isHead ? undefined : body);
  await orAborted(finished(response), end.signal);
}

async function sendChunks(
  first: Uint8Array,
  { page, pool, options }: { readonly page: ChunkReader; readonly pool: ChunkPool; readonly options: DeliveryOptions },
): Promise<void> {
  const { response, headers, coding, isHead, end, onBytes } = options;
  end.refuseIfLate();
  response.writeHead(200, { ...headers, ...(coding && { 'content-encoding': coding.name }) });
  if (isHead) {
    response.end();
    return orAborted(finished(response), end.signal);
  }
  const compressed = coding && compressInto(response, coding, onBytes);
  const sink = compressed?.stream ?? response;
  try {
    let chunk = first;
    for (let size = chunkSize; size > 0; size = page.read(chunk)) {
      const full = chunk;
      if (compressed === undefined) onBytes(size);
      sink.write(full.subarray(0, size), () => pool.release(full));
      // Not only when the connection is full: one that keeps up would leave nobody else a turn.
      await nextTurn();
      chunk = await orAborted(pool.acquire(), end.signal);
    }
    sink.end();
    await orAborted(compressed?.done ?? finished(response), end.signal);
  } catch (error) {
    compressed?.stream.destroy();
    throw error;
  }
}

function compressInto(response: ServerResponse, coding: ContentCoding, onBytes: DeliveryOptions['onBytes']) {
  const stream = coding.createStream();
  stream.on('data', (bytes: Uint8Array) => onBytes(bytes.length));
  const done = pipeline(stream, response);
  // Whoever waits for it is told; when it is given up, nobody waits.
  done.catch(() => undefined);
  return { stream, done };
}

/**
 * Ends a response in its middle so that no reader can take it for whole, not even one that knows the end of a page by
 * the end of the connection, as HTTP/1.0 does.
 */
export function cut(response: ServerResponse): void {
  const { socket } = response;
  if (socket instanceof Socket && !(socket instanceof TLSSocket) && socket.remoteFamily !== undefined)
    socket.resetAndDestroy();
  else response.destroy();
}
