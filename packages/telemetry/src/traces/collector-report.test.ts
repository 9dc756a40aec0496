import { context, ROOT_CONTEXT, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { expect, test } from 'vitest';
import { createCollectorReport } from './collector.ts';

const collector = 'http://collector:4318/v1/traces';

/** A report, and the lines that it has written: level, message, fields. */
function openReport(url = collector) {
  const lines: unknown[][] = [];
  const write =
    (level: string) =>
    (...[fields, message]: unknown[]) =>
      void lines.push([level, message, fields]);
  return { lines, report: createCollectorReport({ warn: write('warn'), info: write('info') }, url) };
}

const down = 'the collector does not accept spans; they are lost until it does';
const back = 'the collector accepts spans again';

test('an outage logs a warning and at its end the number of lost spans', () => {
  const { lines, report } = openReport();
  report.took();
  report.failed(2, 'ECONNREFUSED');
  report.failed(3, 'HTTP status 503');
  expect(lines).toEqual([['warn', down, { collector, reason: 'ECONNREFUSED', lost_spans: 2 }]]);
  report.took();
  report.took();
  expect(lines.slice(1)).toEqual([['info', back, { collector, lost_spans: 5 }]]);
});

test('the next outage is logged again and counts from 0', () => {
  const { lines, report } = openReport();
  report.failed(2, 'one');
  report.took();
  report.failed(7, 'other');
  report.took();
  expect(lines.slice(2)).toEqual([
    ['warn', down, { collector, reason: 'other', lost_spans: 7 }],
    ['info', back, { collector, lost_spans: 7 }],
  ]);
});

test('rejected spans are logged once', () => {
  const { lines, report } = openReport();
  report.rejected(1, 'too old');
  report.rejected(4, 'too old');
  const message = 'the collector rejects some spans; further ones are only counted';
  expect(lines).toEqual([['warn', message, { collector, reason: 'too old', lost_spans: 1 }]]);
});

test('the credentials of an address are not in the log', () => {
  const { lines, report } = openReport('https://user:secret@collector.example/otlp/v1/traces?key=1');
  report.failed(1, 'refused');
  expect(lines).toEqual([
    ['warn', down, { collector: 'https://collector.example/otlp/v1/traces', reason: 'refused', lost_spans: 1 }],
  ]);
});

test('a line belongs to no trace, whichever span was active', () => {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  try {
    const spans: unknown[] = [];
    const look = () => void spans.push(trace.getActiveSpan());
    const report = createCollectorReport({ warn: look, info: look }, collector);
    const active = trace.setSpan(ROOT_CONTEXT, trace.wrapSpanContext({ traceId: '', spanId: '', traceFlags: 1 }));
    context.with(active, () => {
      report.failed(1, 'refused');
      report.took();
      report.rejected(1, 'too old');
    });
    expect(spans).toEqual([undefined, undefined, undefined]);
  } finally {
    context.disable();
  }
});
