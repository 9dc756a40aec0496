import type { StoredLine } from './running-collection.ts';

/** Of which process lines are. */
export interface LineProcess {
  /** @default 'metald' */
  readonly service?: string;
  /** @default 'process-1' */
  readonly instanceId?: string;
}

/** Makes what writes lines in the form of our services: each is numbered, from 1, by its last key. */
export function createLines({ service = 'metald', instanceId = 'process-1' }: LineProcess = {}) {
  let last = 0;
  /** @param fields more of them; one that is `undefined` is left out */
  return function line(fields: object = {}): string {
    last += 1;
    const timestamp = new Date().toISOString().replace('Z', '+00:00');
    const front = { level: 'info', timestamp, service, 'service.instance.id': instanceId, msg: `line ${last}` };
    return `${JSON.stringify({ ...front, ...fields, 'log.seq': last })}\n`;
  };
}

/** What has become of the lines 1 to `written` of one process. */
export function accountFor(stored: readonly StoredLine[], written: number) {
  const times = new Map<number, number>();
  for (const { 'log.seq': number } of stored) times.set(Number(number), (times.get(Number(number)) ?? 0) + 1);
  const numbers = Array.from({ length: written }, (_, index) => index + 1);
  return {
    /** Numbers of those that are not there. */
    missing: numbers.filter((number) => !times.has(number)),
    /** Numbers of those that are there more than once. */
    repeated: numbers.filter((number) => (times.get(number) ?? 0) > 1),
  };
}
