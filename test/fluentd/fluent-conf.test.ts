import { glob, readFile } from 'node:fs/promises';
import { join, matchesGlob } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { parse } from 'yaml';
import { type Directive, directivesNamed, requireDirective, requireParameter } from './directive.ts';
import { composeFolder, type FluentConf, readFluentConf } from './fluent-conf.ts';

let conf: FluentConf;

beforeAll(async () => {
  conf = await readFluentConf();
});

/** A directive and all that are inside it. */
function withAllInside(directive: Directive): Directive[] {
  return [directive, ...directive.directives.flatMap(withAllInside)];
}

test.for(['metald', 'billaged'])('the source of %s has what the guide gives it', (tag) => {
  const source = conf.tails.find((tail) => tail.parameters.get('tag') === tag);
  expect(source?.parameters.get('path')).toBe(`/var/log/${tag}/*.log`);
  expect(source && Object.fromEntries(requireDirective(source, 'parse').parameters)).toMatchObject({
    '@type': 'json',
    time_key: 'timestamp',
    time_format: '%Y-%m-%dT%H:%M:%S.%N%z',
  });
});

/** A service of the containers, of which its log file is read here. */
interface ComposeFile {
  readonly services?: Readonly<Record<string, { readonly environment?: { readonly LOG_FILE?: string } }>>;
}

test.for(['metald', 'billaged'])('the path of %s fits the file that its container logs to', async (tag) => {
  const files = await Array.fromAsync(glob(join(composeFolder, '*.yaml')));
  const texts = await Promise.all(files.map((file) => readFile(file, 'utf8')));
  const services = texts.map((text): ComposeFile['services'] => (parse(text, { merge: true }) as ComposeFile).services);
  const logFile = services.find((found) => found?.[`${tag}-sim`])?.[`${tag}-sim`]?.environment?.LOG_FILE;
  const source = conf.tails.find((tail) => tail.parameters.get('tag') === tag);
  expect(matchesGlob(String(logFile), String(source?.parameters.get('path')))).toBe(true);
});

test('the two sources differ in their name, path, positions and tag alone', () => {
  const [one, other, ...more] = conf.tails.map((tail) => new Map(tail.parameters));
  expect(more).toEqual([]);
  const differing = [...(one ?? [])].filter(([name, value]) => other?.get(name) !== value).map(([name]) => name);
  expect(differing).toEqual(['@id', 'path', 'pos_file', 'tag']);
  const parses = conf.tails.map((tail) => Object.fromEntries(requireDirective(tail, 'parse').parameters));
  expect(parses[0]).toEqual(parses[1]);
});

test('the output has what the guide gives it', () => {
  expect(conf.output.argument).toBe('**');
  expect(Object.fromEntries(conf.output.parameters)).toMatchObject({
    '@type': 'elasticsearch',
    port: '9200',
    logstash_format: 'true',
    logstash_prefix: 'unkey',
    include_tag_key: 'true',
    tag_key: 'service',
  });
});

test('what Fluentd writes is in its volume, and no two things in one file', () => {
  const written = withAllInside(conf.root).flatMap((directive) => {
    const name = directive.name === 'buffer' ? 'path' : 'pos_file';
    return directive.parameters.has(name) ? [requireParameter(directive, name)] : [];
  });
  expect(written).toHaveLength(3);
  expect(new Set(written).size).toBe(3);
  for (const path of written) expect(path).toMatch(/^\/fluentd\/state\/[^/]+$/);
});

test('what is buffered is on disk and bounded, and is never given up', () => {
  const buffer = requireDirective(conf.output, 'buffer');
  expect(buffer.argument).toBe('tag');
  expect(Object.fromEntries(buffer.parameters)).toMatchObject({
    '@type': 'file',
    total_limit_size: expect.stringMatching(/^\d+m$/),
    overflow_action: 'block',
    retry_forever: 'true',
  });
});

test("Fluentd's own messages do not reach the output", () => {
  const [label, ...more] = directivesNamed(conf.root, 'label');
  expect(more).toEqual([]);
  expect(label?.argument).toBe('@FLUENT_LOG');
  expect(label?.directives.map(({ name, argument, parameters }) => [name, argument, parameters.get('@type')])).toEqual([
    ['match', '**', 'null'],
  ]);
});

test('the monitor answers in its container alone', () => {
  expect(conf.monitor.parameters.get('bind')).toBe('127.0.0.1');
  expect(conf.monitor.parameters.get('port')).toBe('24220');
});

test('there is no secret in it', () => {
  const names = withAllInside(conf.root).flatMap(({ parameters }) => [...parameters.keys()]);
  expect(names.filter((name) => /user|password|api_key|auth|token/.test(name))).toEqual([]);
});

test('it speaks to the Elasticsearch that the stack has', async () => {
  const versions = await readFile(join(composeFolder, 'versions.env'), 'utf8');
  const major = /^ELASTIC_VERSION=(\d+)\./m.exec(versions)?.[1];
  expect(requireParameter(conf.output, 'default_elasticsearch_version')).toBe(major);
  expect(versions).toMatch(new RegExp(`^FLUENTD_VERSION=.*-elasticsearch${major}-`, 'm'));
});
