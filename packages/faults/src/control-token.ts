import { createHash, timingSafeEqual } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { ConfigurationError } from '@vmobs/telemetry';
import type { FastifyInstance } from 'fastify';

/** The variable that names the file of the token. */
const variable = 'SIM_CONTROL_TOKEN_FILE';

/**
 * Reads the token that `/sim/` asks for: the text of a file without the white space around it.
 *
 * @param file path, or '' for no token
 * @throws ConfigurationError when there is no text to be read
 */
export function readControlToken(file: string): string | undefined {
  if (file === '') return undefined;
  const refuse = (reason: string) =>
    new ConfigurationError([
      { name: variable, value: file, allowed: `the path of a file with a token in it, and this one ${reason}` },
    ]);
  let token: string;
  try {
    token = readFileSync(file, 'utf8').trim();
  } catch (error) {
    throw refuse(`cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (token === '') throw refuse('is empty');
  return token;
}

/**
 * Lets requests to this part of an application pass with `Authorization: Bearer <token>` alone. Others are answered 401, and
 * logged with their address. Without a token all pass.
 */
export function requireToken(app: FastifyInstance, token: string | undefined): void {
  if (token === undefined) return;
  const wanted = digest(token);
  app.addHook('onRequest', async (request, reply) => {
    const [, given] = /^Bearer +(\S+) *$/i.exec(request.headers.authorization ?? '') ?? [];
    if (given !== undefined && timingSafeEqual(digest(given), wanted)) return;
    const { ip, method, url } = request;
    request.log.warn(
      { remote_address: ip, method, path: url },
      'control of faults was refused: no token, or a wrong one',
    );
    return reply
      .code(401)
      .header('www-authenticate', 'Bearer')
      .send({
        statusCode: 401,
        error: 'Unauthorized',
        message: `send the header "Authorization: Bearer <token>" with the token of the file that ${variable} names`,
      });
  });
}

/** Digests have one length, so that a comparison does not tell that of the token. */
function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
