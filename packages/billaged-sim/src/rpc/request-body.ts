import type { IncomingMessage } from 'node:http';
import { Code, ConnectError } from '@connectrpc/connect';
import type { Room } from './admission.ts';

/** A body that is being read. */
export interface Reading {
  /** Stops it; it is rejected with the error. */
  stop?: (error: unknown) => void;
}

/** Options of `readBody`. */
export interface ReadBodyOptions {
  readonly maxBytes: number;
  /** Hears how much has come; an error that it throws ends the reading. */
  readonly room: Pick<Room, 'growTo' | 'arrived'>;
  /** Gets the function that stops this reading. */
  readonly reading: Reading;
}

/**
 * Reads a body of at most `maxBytes`. A body that arrives in one chunk, as most batches do, is not copied.
 *
 * @throws ConnectError `resource_exhausted` for a larger body, with Connect's message; `canceled` if the client disconnects
 */
export function readBody(request: IncomingMessage, { maxBytes, room, reading }: ReadBodyOptions): Promise<Buffer> {
  const { 'content-length': announced } = request.headers;
  if (announced !== undefined && Number(announced) > maxBytes) return Promise.reject(tooLarge(maxBytes, announced));
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let length = 0;
    const onData = (chunk: Buffer) => {
      length += chunk.length;
      try {
        if (length > maxBytes) throw tooLarge(maxBytes);
        room.growTo(length);
        chunks.push(chunk);
      } catch (error) {
        stop(error);
      }
    };
    const stop = (error: unknown) => {
      // Node discards the rest once the answer is sent.
      request.off('data', onData);
      chunks.length = 0;
      reject(error);
    };
    reading.stop = stop;
    request.on('data', onData);
    // `on` is faster than `once`, and none of these events comes twice.
    request.on('end', () => {
      try {
        room.arrived();
        resolve(joinChunks(chunks));
      } catch (error) {
        reject(error);
      }
      chunks.length = 0;
    });
    const onBroken = () => reject(new ConnectError('the client closed the request', Code.Canceled));
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
 * Frees the memory of a body; it is empty afterwards. Its bytes are outside of the heap and would stay until the next garbage
 * collection: some hundred bodies, each in memory that is not in the processor's cache.
 */
export function freeBody({ buffer, byteLength }: Buffer): void {
  // A small buffer is a part of one that it shares with others.
  if (buffer instanceof ArrayBuffer && buffer.byteLength === byteLength) buffer.transfer(0);
}

function tooLarge(maxBytes: number, announced?: string): ConnectError {
  const size = announced === undefined ? 'message size' : `message size ${announced}`;
  return new ConnectError(`${size} is larger than configured readMaxBytes ${maxBytes}`, Code.ResourceExhausted);
}
