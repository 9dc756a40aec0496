import { createTokenCheck, kinds, readTokenFile, setting, settingGroup, tokenRetrySeconds } from '@vmobs/settings';
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
    kind: kinds.path(),
    default: '',
    help: 'file with the token that /sim/ requires as "Authorization: Bearer <token>", at least 16 characters; without it, no token is required',
  }),
});

/** The variable with the path of the token file. */
const variable = 'SIM_CONTROL_TOKEN_FILE';

/**
 * Reads the token that `/sim/` requires.
 *
 * @param file path, or '' for no token
 * @throws ConfigurationError if the file cannot be read, or its token is too short
 */
export function readControlToken(file: string): string | undefined {
  return readTokenFile(variable, file);
}

/**
 * Requires `Authorization: Bearer <token>` for every request to this part of an application. Other requests get 401, and are
 * logged with their address; after ten wrong tokens an address gets 429 for a second. Without a token, no request is refused.
 */
export function requireToken(app: FastifyInstance, token: string | undefined): void {
  if (token === undefined) return;
  const check = createTokenCheck(token);
  const message = `send the header "Authorization: Bearer <token>" with the token in the file of ${variable}`;
  app.addHook('onRequest', async (request, reply) => {
    const verdict = check(request.headers.authorization, request.raw.socket);
    if (verdict === 'accepted') return;
    if (verdict === 'throttled') {
      // Not logged: the wrong tokens before it were.
      return reply
        .code(429)
        .header('retry-after', String(tokenRetrySeconds))
        .send({ statusCode: 429, error: 'Too Many Requests', message: 'too many wrong tokens came from this address' });
    }
    const { ip, method, url } = request;
    request.log.warn(
      { remote_address: ip, method, path: url },
      'request to control faults refused: missing or wrong token',
    );
    return reply
      .code(401)
      .header('www-authenticate', 'Bearer')
      .send({ statusCode: 401, error: 'Unauthorized', message });
  });
}
