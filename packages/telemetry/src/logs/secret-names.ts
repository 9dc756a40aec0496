/** Endings of the names of secret fields and headers, in lower case and without `-`, `_`, `.` and spaces. */
const secretEnding =
  /(?:authorization|cookies?|passw(?:or)?ds?|passphrases?|passcodes?|pwd|secrets?|tokens?|credentials?|jwt|bearer|session|sess(?:ion)?ids?|(?:api|auth|access|secret|private|signing|encryption|master|shared|ssh)keys?)$/;

/** Short last words of secret names, which are also the ends of other words: `NPM_AUTH`, `connect.sid`, `db-pass`. */
const secretLastWord = /(?:^|[^a-z\d])(?:auth|pass|sid)$/i;

/** The same in camel case: `userSid`. */
const secretLastCamel = /[a-z\d](?:Auth|Pass|Sid)$/;

/** More names that are secret as a URL parameter, where names are short. */
const secretParameter = /^(?:code|key|sig)$|signature$/;

/** Names of headers whose value has several parts, with spaces between them. */
const longValue = /(?:authorization|cookies?)$/;

/** Whether the name of a field or a header, in any case, is that of a secret: `authorization`, `Set-Cookie`, `dbPassword`. */
export function isSecretName(name: string): boolean {
  return secretEnding.test(normalise(name)) || secretLastWord.test(name) || secretLastCamel.test(name);
}

/** The same for a parameter of a URL: `token`, `key`, `X-Amz-Signature`. */
export function isSecretParameter(name: string): boolean {
  return isSecretName(name) || secretParameter.test(normalise(name));
}

/** Whether this is the name of a secret number. A number under a plural name such as `prompt_tokens` is a count. */
export function isSecretNumber(name: string): boolean {
  return isSecretName(name) && !name.toLowerCase().endsWith('s');
}

/** Whether the value of the header ends with its line. */
export function hasLongValue(name: string): boolean {
  return longValue.test(normalise(name));
}

function normalise(name: string): string {
  return name.replace(/[-_.\s]/g, '').toLowerCase();
}
