import { glob, readFile } from 'node:fs/promises';
import { join, matchesGlob } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { parse } from 'yaml';
import { type Directive, directivesNamed, requireDirective, requireParameter } from './directive.ts';
import { composeFolder, type FluentConf, readFluentConf, tailOf } from './fluent-conf.ts';

let conf: FluentConf;

beforeAll(async () => {
  conf = await readFluentConf();
});

/** A directive and all that are inside it. */
function withAllInside(directive: Directive): Directive[] {
  return [directive, ...directive.directives.flatMap(withAllInside)];
}

test.for(['metald', 'billaged'])('the source of %s has what the guide gives it', (tag) => {
  const source = tailOf(conf, tag);
  expect(requireParameter(source, 'path').split(',')).toContain(`/var/log/${tag}/*.log`);
  expect(Object.fromEntries(requireDirective(source, 'parse').parameters)).toMatchObject({
    '@type': 'json',
    time_key: 'timestamp',
    time_format: '%Y-%m-%dT%H:%M:%S.%N%z',
  });
});

/** A service of the containers, of which its log file is read here. */
interface ComposeFile {
  readonly services?: Readonly<Record<string, { readonly environment?: { readonly LOG_FILE?: string } }>>;
}

test.for(['metald', 'billaged'])(
  'one pattern of %s fits the file of its container, one what is renamed',
  async (tag) => {
    const files = await Array.fromAsync(glob(join(composeFolder, '*.yaml')));
    const texts = await Promise.all(files.map((file) => readFile(file, 'utf8')));
    const services = texts.map(
      (text): ComposeFile['services'] => (parse(text, { merge: true }) as ComposeFile).services,
    );
    const logFile = services.find((found) => found?.[`${tag}-sim`])?.[`${tag}-sim`]?.environment?.LOG_FILE;
    const paths = requireParameter(tailOf(conf, tag), 'path').split(',');
    for (const file of [`${logFile}`, `${logFile}.1`]) {
      expect(paths.filter((path) => matchesGlob(file, path))).toHaveLength(1);
    }
  },
);

test('the two sources differ in their name, path, positions and tag alone', () => {
  const [one, other, ...more] = conf.tails.map((tail) => new Map(tail.parameters));
  expect(more).toEqual([]);
  const names = new Set([...(one?.keys() ?? []), ...(other?.keys() ?? [])]);
  const differing = [...names].filter((name) => one?.get(name) !== other?.get(name));
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
  });
});

test('the configuration for OpenSearch differs in the names of the other plugin alone', async () => {
  const names = new Map([
    ['verify_es_version_at_startup', 'verify_os_version_at_startup'],
    ['default_elasticsearch_version', 'default_opensearch_version'],
    ['log_es_400_reason', 'log_os_400_reason'],
  ]);
  const values = new Map([
    ['elasticsearch', 'opensearch'],
    ['elasticsearch_genid', 'opensearch_genid'],
    ['8', '2'],
  ]);
  const translate = ({ name, argument, parameters, directives }: Directive): unknown => ({
    name,
    argument,
    parameters: [...parameters].map(([key, value]) => [names.get(key) ?? key, values.get(value) ?? value]),
    directives: directives.map(translate),
  });
  const twin = await readFluentConf('fluent-opensearch.conf');
  expect(translate(twin.root)).toEqual(translate(conf.root));
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

test('the one for OpenSearch speaks to the OpenSearch that the stack has', async () => {
  const versions = await readFile(join(composeFolder, 'versions.env'), 'utf8');
  const { output } = await readFluentConf('fluent-opensearch.conf');
  const major = /^OPENSEARCH_VERSION=(\d+)\./m.exec(versions)?.[1];
  expect(requireParameter(output, 'default_opensearch_version')).toBe(major);
  const image = (name: string) => new RegExp(`^${name}_VERSION=([\\d.]+)-`, 'm').exec(versions)?.[1];
  expect(image('FLUENTD_OPENSEARCH')).toBe(image('FLUENTD'));
});
