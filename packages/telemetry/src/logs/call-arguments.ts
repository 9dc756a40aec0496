import { isError } from './error-fields.ts';
import { freeName } from './field-names.ts';

/**
 * Rearranges the arguments of a call of a logger so that nothing in them is lost: pino drops an error after the message, as in
 * `error('boot failed', error)`, and writes two messages when the fields have one.
 *
 * @returns fields, message and the values of its placeholders
 */
export function arrangeArguments(args: readonly unknown[]): readonly unknown[] {
  const [first, second] = args;
  if (args.length === 1) return args;
  // Nearly all calls have fields without a message, and a message.
  const isUsual = args.length === 2 && typeof second === 'string' && typeof first === 'object' && first !== null;
  return isUsual && !('msg' in first) ? args : arrange(args);
}

function arrange(args: readonly unknown[]): readonly unknown[] {
  const hasFields = typeof args[0] === 'object' || args[0] === undefined;
  const [first, message, ...values] = hasFields ? args : [undefined, ...args];
  const errors = [message, ...values].filter(isError);
  const given = isError(first) ? { err: first } : { ...Object(first) };
  const isMessageTwice = message !== undefined && Object.hasOwn(given, 'msg');
  if (errors.length === 0 && !isMessageTwice) return args;

  const { msg, ...fields } = given;
  if (isMessageTwice) fields[freeName('msg', (name) => name in fields)] = msg;
  else if ('msg' in given) fields.msg = msg;
  for (const error of errors) {
    fields['err' in fields ? freeName('err', (name) => name in fields) : 'err'] = error;
  }
  return [fields, isError(message) ? message.message : message, ...values];
}
