import { type Directive, requireParameter } from './directive.ts';
import type { LogEvent } from './tail-files.ts';

/** What Elasticsearch gets of an event. */
export interface ElasticsearchDocument {
  readonly index: string;
  readonly document: Readonly<Record<string, unknown>>;
}

/**
 * Makes of events what fluent-plugin-elasticsearch 5.4 makes of them with `logstash_format`: an index for each day in UTC
 * (`logstash_prefix`, `-`, `%Y.%m.%d`), `@timestamp` with nine digits behind the second, and with `include_tag_key` the tag under
 * `tag_key`, over whatever the record has there.
 *
 * @throws Error when the output is of another kind, and for a record with a `@timestamp` of its own, which would decide instead
 * of the time of the event.
 */
export function documentMaker(output: Directive): (event: LogEvent) => ElasticsearchDocument {
  if (requireParameter(output, '@type') !== 'elasticsearch' || requireParameter(output, 'logstash_format') !== 'true') {
    throw new Error(`<match> in line ${output.line} must have @type elasticsearch and logstash_format true`);
  }
  const prefix = requireParameter(output, 'logstash_prefix');
  const tagKey = output.parameters.get('include_tag_key') === 'true' ? requireParameter(output, 'tag_key') : undefined;
  return ({ tag, time, record }) => {
    if ('@timestamp' in record)
      throw new Error(`a record of ${tag} has a @timestamp of its own: ${record['@timestamp']}`);
    const second = new Date(time.seconds * 1_000).toISOString().slice(0, 19);
    const fraction = String(time.nanoseconds).padStart(9, '0');
    return {
      index: `${prefix}-${second.slice(0, 10).replaceAll('-', '.')}`,
      document: {
        ...record,
        '@timestamp': `${second}.${fraction}+00:00`,
        ...(tagKey === undefined ? {} : { [tagKey]: tag }),
      },
    };
  };
}
