import { Code, ConnectError } from '@connectrpc/connect';

/** Most characters of the id of a VM, a customer or an instance. Those of the real services have 19 to 36. */
export const longestId = 128;

/**
 * Checks the id of a VM, which has to be there, or of a customer, which does not.
 *
 * @param name as it is called on the wire
 * @throws ConnectError `invalid_argument`
 */
export function checkId(name: string, value: string, presence: 'required' | 'optional'): void {
  if (value === '' && presence === 'required') throw new ConnectError(`${name} is required`, Code.InvalidArgument);
  if (value.length > longestId) {
    throw new ConnectError(`${name} has at most ${longestId} characters, not ${value.length}`, Code.InvalidArgument);
  }
  // A database takes no NUL in a text, and a line of CSV or of a log should stay one line.
  if (/\p{Cc}/u.test(value)) throw new ConnectError(`${name} has a control character`, Code.InvalidArgument);
}
