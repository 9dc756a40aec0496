import { once } from 'node:events';
import { connect } from 'node:net';

/** What a scrape took. */
export interface Scrape {
  readonly seconds: number;
  /** From the request to the first byte of the answer. */
  readonly firstByteSeconds: number;
}

/** Scrapes as fast as can be: what comes is read into one buffer and forgotten. */
export async function scrape(port: number): Promise<Scrape> {
  let firstByteAt = 0;
  const socket = connect({
    port,
    host: '127.0.0.1',
    onread: {
      buffer: Buffer.allocUnsafe(1 << 20),
      callback() {
        if (firstByteAt === 0) firstByteAt = performance.now();
        return true;
      },
    },
  });
  await once(socket, 'connect');
  const closed = once(socket, 'close');
  const begin = performance.now();
  socket.write(
    'GET /metrics HTTP/1.1\r\nHost: localhost\r\nAccept: text/plain;version=0.0.4\r\nConnection: close\r\n\r\n',
  );
  await closed;
  return { seconds: (performance.now() - begin) / 1e3, firstByteSeconds: (firstByteAt - begin) / 1e3 };
}

const lineFeed = 0x0a;
/** The first letter of every metric that is served. */
const firstLetter = 'm'.charCodeAt(0);

/** Reads a page as any client does, and counts what is on it. */
export async function inspectPage(port: number): Promise<{ readonly bytes: number; readonly series: number }> {
  const response = await fetch(`http://127.0.0.1:${port}/metrics`, {
    headers: { accept: 'text/plain;version=0.0.4', 'accept-encoding': 'identity' },
  });
  let bytes = 0;
  let series = 0;
  let isLineBegin = true;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.length;
    for (const byte of chunk) {
      if (isLineBegin && byte === firstLetter) series += 1;
      isLineBegin = byte === lineFeed;
    }
  }
  return { bytes, series };
}
