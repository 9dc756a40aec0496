import { ConnectError } from '@connectrpc/connect';

/**
 * How long a server asks to be left alone: `Retry-After` of an answer, in seconds or as a date.
 *
 * @param nowMs Unix time in milliseconds
 * @returns milliseconds, 0 or more; undefined when it does not say
 */
export function retryAfterMs(error: unknown, nowMs: number): number | undefined {
  const value = ConnectError.from(error).metadata.get('retry-after')?.trim();
  if (value === undefined || value === '') return undefined;
  const milliseconds = /^\d+$/.test(value) ? 1_000 * Number(value) : Date.parse(value) - nowMs;
  return Number.isNaN(milliseconds) ? undefined : Math.max(0, milliseconds);
}
