import type { IncomingMessage } from 'node:http';
import { Code, ConnectError } from '@connectrpc/connect';

/** How much of a body that does not say its length is taken for granted, in bytes: a minute of a VM has 25 KB. */
const ordinaryBody = 32 * 1024;

/** The size of a body as far as its request tells; one that is too large is refused when it is read. */
export function announcedBytes({ headers }: IncomingMessage, maxBytes: number): number {
  const { 'content-length': announced } = headers;
  return Math.min(announced === undefined ? ordinaryBody : Number(announced), maxBytes);
}

/**
 * Reads a body of at most so many bytes. One that comes in one piece, as most batches do, is not copied.
 *
 * @param onGrown is told how much of it has come, and ends the reading by throwing
 * @throws ConnectError `resource_exhausted` for a larger one, worded as Connect's own; `canceled` when it breaks off
 */
export function readBody(
  request: IncomingMessage,
  maxBytes: number,
  onGrown: (bytes: number) => void,
): Promise<Buffer> {
  const { 'content-length': announced } = request.headers;
  if (announced !== undefined && Number(announced) > maxBytes) return Promise.reject(tooLarge(maxBytes, announced));
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let length = 0;
    const onData = (chunk: Buffer) => {
      length += chunk.length;
      try {
        if (length > maxBytes) throw tooLarge(maxBytes);
        onGrown(length);
        chunks.push(chunk);
      } catch (error) {
        // What is left is thrown away by Node once the answer is sent.
        request.off('data', onData);
        chunks.length = 0;
        reject(error);
      }
    };
    request.on('data', onData);
    // Not `once`: none of them comes twice, and this runs for every batch.
    request.on('end', () => {
      resolve(joinChunks(chunks));
      chunks.length = 0;
    });
    const onBroken = () => reject(new ConnectError('the request broke off', Code.Canceled));
    request.on('error', onBroken);
    request.on('aborted', onBroken);
  });
}

function joinChunks(chunks: readonly Buffer[]): Buffer {
  const [first = Buffer.alloc(0)] = chunks;
  if (chunks.length <= 1) return first;
  const body = Buffer.concat(chunks);
  for (const chunk of chunks) freeBody(chunk);
  return body;
}

/**
 * Gives the memory of a body back that has been read; it is empty afterwards. Its bytes are outside of the heap, where
 * they would stay until V8 next collects what is in it: some hundred bodies, each of which needs memory that no cache has
 * seen.
 */
export function freeBody({ buffer, byteLength }: Buffer): void {
  // A small one shares its buffer with others.
  if (buffer instanceof ArrayBuffer && buffer.byteLength === byteLength) buffer.transfer(0);
}

function tooLarge(maxBytes: number, announced?: string): ConnectError {
  const size = announced === undefined ? 'message size' : `message size ${announced}`;
  return new ConnectError(`${size} is larger than configured readMaxBytes ${maxBytes}`, Code.ResourceExhausted);
}
