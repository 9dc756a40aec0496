/** How the name of a field or a header that holds a secret ends, written small and without `-`, `_`, `.` and blanks. */
const secretEnding =
  /(?:authorization|cookies?|passw(?:or)?ds?|passphrases?|pwd|secrets?|tokens?|credentials?|jwt|(?:api|auth|access|secret|private|signing|encryption|master|shared|ssh)keys?)$/;

/** What else holds a secret as a parameter of a URL, where names are short. */
const secretParameter = /^(?:auth|code|key|pass|session|sessionid|sid|sig)$|signature$/;

/**
 * Words of which each line with a secret has one. At least three letters each: shorter ones make the search twice as slow,
 * and every line is searched.
 */
const secretWords = /auth|cookie|pass|pwd|secret|token|creden|key|code=|sig|jwt|eyj|session|sid=|bearer|basic/i;

/** Whether a text, such as a line of a log, may hold a secret; `false` is certain. */
export function mayHoldSecret(text: string): boolean {
  return secretWords.test(text) || text.includes('://');
}

/** Whether a field or a header of this name, in any case, holds a secret: `authorization`, `Set-Cookie`, `dbPassword`. */
export function isSecretName(name: string): boolean {
  return secretEnding.test(normalise(name));
}

/** The same for a parameter of a URL: `token`, `key`, `X-Amz-Signature`. */
export function isSecretParameter(name: string): boolean {
  return isSecretName(name) || secretParameter.test(normalise(name));
}

function normalise(name: string): string {
  return name.replace(/[-_.\s]/g, '').toLowerCase();
}
