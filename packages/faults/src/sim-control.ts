import { createHash, timingSafeEqual } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { ConfigurationError, kinds, messageOf, setting, settingGroup } from '@vmobs/settings';
import type { FastifyInstance } from 'fastify';

/** The settings of a service with faults. */
export const controlSettings = settingGroup('Faults', {
  simControl: setting({
    variables: ['SIM_CONTROL'],
    kind: kinds.boolean,
    default: false,
    help: 'serve /sim/ on the API port: /sim/faults switches faults on and off',
  }),
  simControlTokenFile: setting({
    variables: ['SIM_CONTROL_TOKEN_FILE'],
    kind: kinds.text,
    default: '',
    help: 'file with the token that /sim/ requires as "Authorization: Bearer <token>"; without it, no token is required',
  }),
});

/** The variable with the path of the token file. */
const variable = 'SIM_CONTROL_TOKEN_FILE';

/**
 * Reads the token that `/sim/` requires: the content of a file without surrounding white space.
 *
 * @param file path, or '' for no token
 * @throws ConfigurationError if the file cannot be read or is empty
 */
export function readControlToken(file: string): string | undefined {
  if (file === '') return undefined;
  const refuse = (reason: string) =>
    new ConfigurationError([
      { name: variable, value: file, allowed: `the path of a file with a token, but this one ${reason}` },
    ]);
  let token: string;
  try {
    token = readFileSync(file, 'utf8').trim();
  } catch (error) {
    throw refuse(`cannot be read: ${messageOf(error)}`);
  }
  if (token === '') throw refuse('is empty');
  return token;
}

/**
 * Requires `Authorization: Bearer <token>` for every request to this part of an application. Other requests get 401, and are
 * logged with their address. Without a token, no request is refused.
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
      'request to control faults refused: missing or wrong token',
    );
    return reply
      .code(401)
      .header('www-authenticate', 'Bearer')
      .send({
        statusCode: 401,
        error: 'Unauthorized',
        message: `send the header "Authorization: Bearer <token>" with the token in the file of ${variable}`,
      });
  });
}

/** Digests have the same length, so that the comparison does not reveal the length of the token. */
function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
