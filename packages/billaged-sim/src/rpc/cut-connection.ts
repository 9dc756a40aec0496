import type { ServerResponse } from 'node:http';
import { Http2ServerResponse } from 'node:http2';

/** Ends a connection as a broken network does: whoever waits for an answer on it gets none. */
export function cutConnection(response: ServerResponse | Http2ServerResponse): void {
  // The stream alone would end orderly, and its client would take that for a slow answer.
  if (response instanceof Http2ServerResponse) response.stream.session?.destroy();
  else response.destroy();
}
