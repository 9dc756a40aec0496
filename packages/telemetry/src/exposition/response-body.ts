import type { OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { finished, pipeline } from 'node:stream/promises';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { TLSSocket } from 'node:tls';
import { type ChunkPool, type ChunkReader, createChunkPool } from './chunks.ts';
import type { ContentCoding, NegotiatedCoding } from './negotiation.ts';
import { orAborted, type ScrapeDeadline } from './scrape-deadline.ts';

/** How a page is sent. */
export interface BodyOptions extends NegotiatedCoding {
  readonly response: ServerResponse;
  readonly headers: OutgoingHttpHeaders;
  /** Whether only the headers are sent. */
  readonly isHead: boolean;
  /** When the page is no longer wanted; the caller then cuts the response. */
  readonly deadline: Pick<ScrapeDeadline, 'signal' | 'throwIfOver'>;
  /** Called with the number of bytes that go to the connection, without headers. */
  readonly onBytes: (count: number) => void;
}

/** Bytes written to a connection before other work gets a turn: less than a millisecond of work. */
const chunkSize = 65_536;

/** Enough to keep the connection, or the compressing thread, busy while the next chunk is filled. */
const maxChunksInFlight = 4;

/** In bytes. A page that fits into one packet with its headers does not arrive sooner when it is compressed. */
const compressionThreshold = 1_400;

/**
 * Sends a page. One that fits into a chunk is sent whole, with its length. A larger one is sent chunk by chunk at the pace
 * of the scraper, in bounded memory, and other work gets a turn between two chunks.
 *
 * @throws ScrapeAbort, or what the page threw; nothing was sent then unless `response.headersSent` is true.
 */
export async function sendBody(page: ChunkReader, options: BodyOptions): Promise<void> {
  const pool = createChunkPool({ count: maxChunksInFlight, size: chunkSize });
  const chunk = await pool.acquire();
  const size = page.read(chunk);
  if (size < chunkSize) await sendWhole(chunk.subarray(0, size), options);
  else await sendChunks(chunk, { page, pool, options });
}

async function sendWhole(page: Uint8Array, options: BodyOptions): Promise<void> {
  const { response, headers, coding, isIdentityRefused, isHead, deadline, onBytes } = options;
  const isCompressed = coding !== undefined && (isIdentityRefused || page.length >= compressionThreshold);
  const body = isCompressed ? await orAborted(coding.compress(page), deadline.signal) : page;
  deadline.throwIfOver();
  response.writeHead(200, {
    ...headers,
    ...(isCompressed && { 'content-encoding': coding.name }),
    'content-length': body.length,
  });
  if (!isHead) onBytes(body.length);
  response.end(isHead ? undefined : body);
  await orAborted(finished(response), deadline.signal);
}

async function sendChunks(
  first: Uint8Array,
  { page, pool, options }: { readonly page: ChunkReader; readonly pool: ChunkPool; readonly options: BodyOptions },
): Promise<void> {
  const { response, headers, coding, isHead, deadline, onBytes } = options;
  deadline.throwIfOver();
  response.writeHead(200, { ...headers, ...(coding && { 'content-encoding': coding.name }) });
  if (isHead) {
    response.end();
    return orAborted(finished(response), deadline.signal);
  }
  const compressed = coding && compressInto(response, coding, onBytes);
  const sink = compressed?.stream ?? response;
  try {
    let chunk = first;
    for (let size = chunkSize; size > 0; size = page.read(chunk)) {
      const full = chunk;
      if (compressed === undefined) onBytes(size);
      sink.write(full.subarray(0, size), () => pool.release(full));
      // Always, not only when the connection is full: a fast one would give other work no turn.
      await nextTurn();
      chunk = await orAborted(pool.acquire(), deadline.signal);
    }
    sink.end();
    await orAborted(compressed?.done ?? finished(response), deadline.signal);
  } catch (error) {
    compressed?.stream.destroy();
    throw error;
  }
}

function compressInto(response: ServerResponse, coding: ContentCoding, onBytes: BodyOptions['onBytes']) {
  const stream = coding.createStream();
  stream.on('data', (bytes: Uint8Array) => onBytes(bytes.length));
  const done = pipeline(stream, response);
  // Prevents an unhandled rejection when the response was abandoned and nobody waits.
  done.catch(() => undefined);
  return { stream, done };
}

/**
 * Ends an incomplete response so that no reader can take it for complete, not even one of HTTP/1.0, where the end of the
 * connection is the end of the page.
 */
export function cut(response: ServerResponse): void {
  const { socket } = response;
  if (socket instanceof Socket && !(socket instanceof TLSSocket) && socket.remoteFamily !== undefined)
    socket.resetAndDestroy();
  else response.destroy();
}
