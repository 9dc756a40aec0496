import { expect, test } from 'vitest';
import { tracesUrlOf } from './trace-settings.ts';

const unset = { otlpEndpoint: '', otlpTracesUrl: '', otlpBaseUrl: 'http://localhost:4318/' };

test.for([
  ['http://collector:4318', 'http://collector:4318/v1/traces'],
  ['http://collector:4318/', 'http://collector:4318/v1/traces'],
  ['https://collector.example/otlp/', 'https://collector.example/otlp/v1/traces'],
  ['http://collector:4318/v1/traces', 'http://collector:4318/v1/traces'],
  ['http://collector:4318/otlp/v1/traces', 'http://collector:4318/otlp/v1/traces'],
] as const)('traces for the collector %s are sent to %s', ([endpoint, url]) => {
  expect(tracesUrlOf({ ...unset, otlpEndpoint: endpoint })).toBe(url);
  expect(tracesUrlOf({ ...unset, otlpBaseUrl: endpoint })).toBe(url);
});

test.for(['http://traces:4318/', 'https://traces.example/in/here'])(
  'the address for traces %s is used unchanged',
  (url) => {
    expect(tracesUrlOf({ ...unset, otlpTracesUrl: url })).toBe(url);
  },
);

test('own variables win over standard ones, and traces variables over general ones', () => {
  const all = { otlpEndpoint: 'http://own/', otlpTracesUrl: 'http://traces/', otlpBaseUrl: 'http://base/' };
  expect(tracesUrlOf(all)).toBe('http://own/v1/traces');
  expect(tracesUrlOf({ ...all, otlpEndpoint: '' })).toBe('http://traces/');
  expect(tracesUrlOf({ ...all, otlpEndpoint: '', otlpTracesUrl: '' })).toBe('http://base/v1/traces');
});
