import { CommandError, messageOf } from '@vmobs/settings';

/** Log stores end a query after 30 s. */
const timeoutMs = 40_000;

/** Most characters of a row: a process, a number or the ranges of one report of lost lines. */
const maxRowLength = 1024 * 1024;

/** Sends requests to a log store. */
export interface StoreRequests {
  /** @throws CommandError when the store answers with an error or invalid JSON, or not within 40 s */
  send(path: string, request: RequestInit): Promise<void>;
  /** The same, for an answer in JSON. The caller knows its shape from the documentation of the store. */
  ask<T>(path: string, request: RequestInit): Promise<T>;
  /** The same, for an answer with one JSON value per line. Yields each value as it arrives. */
  askRows<T>(path: string, request: RequestInit): AsyncIterable<T>;
}

/** Creates a client for the requests to a log store. @param name display name, for errors */
export function createStoreRequests(name: string, url: string): StoreRequests {
  function parse<T>(text: string): T {
    try {
      return JSON.parse(text);
    } catch (cause) {
      const beginning = text.trim().slice(0, 100);
      throw new CommandError(`${name} answered with invalid JSON: ${beginning}; does --store-url name this store?`, {
        cause,
      });
    }
  }

  /** Yields the text of an answer as it arrives. */
  async function* read(path: string, request: RequestInit): AsyncGenerator<string> {
    const ending = new AbortController();
    // AbortSignal.timeout would keep each of a thousand requests in memory until its timeout.
    const timer = setTimeout(() => ending.abort(new Error(`it took more than ${timeoutMs / 1_000} s`)), timeoutMs);
    try {
      const response = await open(path, { ...request, signal: ending.signal });
      const decoder = new TextDecoder();
      for await (const bytes of response.body ?? []) yield decoder.decode(bytes, { stream: true });
    } catch (cause) {
      if (cause instanceof CommandError) throw cause;
      const reason = messageOf(cause);
      throw new CommandError(`${name} did not complete its answer: ${reason}`, { cause });
    } finally {
      clearTimeout(timer);
      ending.abort();
    }
  }

  async function open(path: string, request: RequestInit): Promise<Response> {
    const response = await fetch(new URL(path, url), request).catch((cause: unknown) => {
      const reason = cause instanceof Error && cause.cause instanceof Error ? cause.cause.message : String(cause);
      throw new CommandError(`${name} does not answer: ${reason}; start it, or give another with --store-url`, {
        cause,
      });
    });
    if (response.ok) return response;
    const text = (await response.text()).trim();
    throw new CommandError(`${name} answered ${response.status}: ${text.slice(0, 1_000)}`);
  }

  async function* askRows<T>(path: string, request: RequestInit): AsyncGenerator<T> {
    let rest = '';
    for await (const text of read(path, request)) {
      const rows = (rest + text).split('\n');
      rest = rows.pop() ?? '';
      if (rest.length > maxRowLength) throw new CommandError(`${name} answered a row of more than 1 MiB`);
      for (const row of rows) if (row !== '') yield parse<T>(row);
    }
    if (rest !== '') yield parse<T>(rest);
  }

  return {
    async send(path, request) {
      await Array.fromAsync(read(path, request));
    },
    async ask<T>(path: string, request: RequestInit) {
      const texts = await Array.fromAsync(read(path, request));
      return parse<T>(texts.join(''));
    },
    askRows,
  };
}

/** Most bytes of one request with lines, far below the limit of any store. */
const maxRequestBytes = 4 * 1024 * 1024;

/** Joins texts into requests of bounded size. */
export function* inRequests(texts: Iterable<string>): Generator<string> {
  let request = '';
  for (const text of texts) {
    if (request !== '' && request.length + text.length > maxRequestBytes) {
      yield request;
      request = '';
    }
    request += text;
  }
  if (request !== '') yield request;
}
