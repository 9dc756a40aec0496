import { createHash, randomUUID } from 'node:crypto';
import { type Directive, requireParameter } from './directive.ts';
import type { LogEvent } from './parse-line.ts';

/** Puts the id of a record into it. */
export type RecordFilter = (event: LogEvent) => LogEvent;

/**
 * Makes the filter `elasticsearch_genid` of fluent-plugin-elasticsearch (`opensearch_genid` of fluent-plugin-opensearch): under
 * `hash_id_key` a random id or, with `use_record_as_seed`, one that depends on the record, and with `include_tag_in_seed` and
 * `include_time_in_seed` on its tag and the second of its time. The ids are not the very ones of the program, but are the same
 * for the same records and differ where those do.
 *
 * @throws Error for another filter.
 */
export function idFilter(filter: Directive): RecordFilter {
  if (!/^(elasticsearch|opensearch)_genid$/.test(requireParameter(filter, '@type'))) {
    throw new Error(`<filter> in line ${filter.line} must have @type elasticsearch_genid or opensearch_genid`);
  }
  const isOn = (name: string) => filter.parameters.get(name) === 'true';
  const key = filter.parameters.get('hash_id_key') ?? '_hash';
  const seedOf = ({ tag, time, record }: LogEvent) => [
    ...(isOn('include_tag_in_seed') ? [tag] : []),
    ...(isOn('include_time_in_seed') ? [time.seconds] : []),
    isOn('use_entire_record') ? record : recordKeys(filter).map((name) => record[name]),
  ];
  const idOf = isOn('use_record_as_seed')
    ? (event: LogEvent) =>
        createHash('sha1')
          .update(JSON.stringify(seedOf(event)))
          .digest('base64')
    : () => Buffer.from(randomUUID()).toString('base64');
  return (event) => ({ ...event, record: { ...event.record, [key]: idOf(event) } });
}

/** @throws Error when there are none, which the program refuses, too */
function recordKeys(filter: Directive): string[] {
  return requireParameter(filter, 'record_keys').split(',');
}
