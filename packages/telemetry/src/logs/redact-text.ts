import { isSecretName, isSecretParameter } from './secret-names.ts';

/** Stands where a secret was. */
export const redacted = '[redacted]';

/** One way in which secrets are in texts, and what is written instead. */
type Rule = readonly [pattern: RegExp, replace: (match: string, ...parts: string[]) => string];

/**
 * Anyone can have a long text logged, so each pattern begins where its first character can begin nothing longer: the time
 * grows with the length of the text and not with its square.
 */
const rules: readonly Rule[] = [
  // Parameters of URLs, forms, and `name=value` in sentences.
  [
    /(?:([?&])|(?<![\w.~%-]))([\w.~%-]+)=[^\s&#;,"'<>)\]}\\]+/g,
    (match, sign = '', name = '') => {
      const isSecret = sign === '' ? isSecretName(name) : isSecretParameter(name);
      return isSecret ? `${sign}${name}=${redacted}` : match;
    },
  ],
  // Headers as they go over the wire, each on a line of its own.
  [
    /^([ \t]*)([\w-]+)(:[ \t]*)\S[^\r\n]*/gm,
    (match, indent = '', name = '', sign = '') => (isSecretName(name) ? indent + name + sign + redacted : match),
  ],
  // JSON in a text, such as the body of a request.
  [
    /"([\w.-]+)"(\s*:\s*)"(?:[^"\\]|\\.)+"/g,
    (match, name = '', sign = '') => (isSecretName(name) ? `"${name}"${sign}"${redacted}"` : match),
  ],
  // Credentials for HTTP; in a sentence about "basic authentication" there is no digit and no capital.
  [
    /\b(Bearer|bearer|BEARER|Basic|basic|BASIC)(\s+)(?=[^\s"',]*[0-9A-Z=])[\w.~+/-]{6,}=*/g,
    (_match, scheme = '', blank = '') => `${scheme}${blank}${redacted}`,
  ],
  // JSON web tokens, wherever they are.
  [/(?<![\w-])eyJ[\w-]+\.[\w-]+\.[\w-]*/g, () => redacted],
  // User and password before the host of a URL.
  [/(:\/\/)[^\s/?#@"']+@/g, (_match, sign = '') => `${sign}${redacted}@`],
];

/** Takes secrets out of a text: `GET /vms?token=abc` is `GET /vms?token=[redacted]`. */
export function redactText(text: string): string {
  return rules.reduce((result, [pattern, replace]) => result.replace(pattern, replace), text);
}
