import { createHash, timingSafeEqual } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { ConfigurationError, messageOf } from './errors.ts';

/** Least length of a token in characters: `openssl rand -base64 24` makes one of 32. */
const shortestToken = 16;

/**
 * Reads a token: the content of a file without surrounding white space.
 *
 * @param variable that names the file, for the error
 * @param file path, or '' for no token
 * @throws ConfigurationError if the file cannot be read or has no token of at least 16 printable ASCII characters
 */
export function readTokenFile(variable: string, file: string): string | undefined {
  if (file === '') return undefined;
  const refuse = (reason: string) =>
    new ConfigurationError([
      {
        name: variable,
        value: file,
        allowed: `the path of a file with a token of at least ${shortestToken} printable ASCII characters without spaces, but this one ${reason}`,
      },
    ]);
  let token: string;
  try {
    token = readFileSync(file, 'utf8').trim();
  } catch (error) {
    throw refuse(`cannot be read: ${messageOf(error)}`);
  }
  if (token === '') throw refuse('is empty');
  if (!/^[!-~]+$/.test(token)) throw refuse('has other characters');
  if (token.length < shortestToken) throw refuse(`has ${token.length} characters`);
  return token;
}

/** Where a request comes from. */
export interface TokenSource {
  readonly remoteAddress?: string | undefined;
}

/** `throttled`: the token was not looked at, because too many wrong ones came from that address. */
export type TokenVerdict = 'accepted' | 'wrong' | 'throttled';

/**
 * Checks the token of a request.
 *
 * @param authorization the header `Authorization`
 * @param connection from which the request came, usually its socket
 */
export type TokenCheck = (authorization: string | undefined, connection: TokenSource) => TokenVerdict;

/** Wrong tokens that an address may send at once, and how often it may send another one. */
const guesses = { atOnce: 10, everyMs: 1_000 };

/** How long a client shall wait after `throttled`, in seconds: for `Retry-After`. */
export const tokenRetrySeconds = guesses.everyMs / 1_000;

/** Most addresses whose guesses are counted. */
const mostAddresses = 1_000;

/**
 * Makes the check of `Authorization: Bearer <token>`. It takes the same time for every wrong token. An address may guess ten times,
 * then once a second; a connection that had the right token is not slowed down by others of its address.
 *
 * @param clock milliseconds of a clock that is never set
 */
export function createTokenCheck(token: string, clock = () => performance.now()): TokenCheck {
  const wanted = digest(token);
  const trusted = new WeakSet<TokenSource>();
  /** When the guesses of an address are all forgotten; the most recent ones last. */
  const forgottenAt = new Map<string, number>();

  function countGuess(address: string, from: number): void {
    forgottenAt.delete(address);
    forgottenAt.set(address, from + guesses.everyMs);
    const [oldest] = forgottenAt.keys();
    if (forgottenAt.size > mostAddresses && oldest !== undefined) forgottenAt.delete(oldest);
  }

  return (authorization = '', connection) => {
    const { remoteAddress: address = '' } = connection;
    const from = Math.max(clock(), forgottenAt.get(address) ?? 0);
    const hasGuessesLeft = from + guesses.everyMs - clock() <= guesses.atOnce * guesses.everyMs;
    if (!hasGuessesLeft && !trusted.has(connection)) return 'throttled';
    const [, given] = /^Bearer +(\S+) *$/i.exec(authorization) ?? [];
    if (given !== undefined && timingSafeEqual(digest(given), wanted)) {
      trusted.add(connection);
      return 'accepted';
    }
    // A request without a token guesses nothing.
    if (given !== undefined) countGuess(address, from);
    return 'wrong';
  };
}

/** Digests have the same length, so that the comparison does not reveal the length of the token. */
function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
