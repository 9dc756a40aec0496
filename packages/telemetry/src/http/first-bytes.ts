import type { Socket } from 'node:net';

/** What every HTTP/2 client sends first. No request of HTTP/1 can begin so. @see https://www.rfc-editor.org/rfc/rfc9113#section-3.4 */
const http2Preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');

/** How a connection begins. */
export type HttpProtocol = 'http/1' | 'http/2';

/** Limits on the first bytes. */
export interface FirstBytesOptions {
  /** How long a client may take to say which protocol it speaks, in milliseconds. @default 10_000 */
  readonly headersTimeoutMs: number;
}

/**
 * Reads as much of a new connection as tells its protocol, puts it back and tells. A connection that ends, fails or is
 * silent for too long before that is closed.
 */
export function readFirstBytes(
  socket: Socket,
  { headersTimeoutMs }: FirstBytesOptions,
  onKnown: (protocol: HttpProtocol) => void,
): void {
  let read = Buffer.alloc(0);
  const giveUp = () => socket.destroy();
  const deadline = setTimeout(giveUp, headersTimeoutMs);

  const onReadable = () => {
    const chunk: Buffer | null = socket.read();
    if (chunk === null) return;
    read = Buffer.concat([read, chunk]);
    const compared = Math.min(read.length, http2Preface.length);
    const isHttp2 = read.compare(http2Preface, 0, compared, 0, compared) === 0;
    if (isHttp2 && compared < http2Preface.length) return;
    stop();
    socket.unshift(read);
    onKnown(isHttp2 ? 'http/2' : 'http/1');
  };
  const stop = () => {
    clearTimeout(deadline);
    socket.off('readable', onReadable).off('end', giveUp).off('error', giveUp).off('close', stop);
  };
  socket.on('readable', onReadable).on('end', giveUp).on('error', giveUp).on('close', stop);
}
