import { describe, expect, test } from 'vitest';
import { requireDirective, requireParameter } from './directive.ts';
import { parseFluentdConfig } from './parse-config.ts';

function parse(...lines: string[]) {
  return parseFluentdConfig(lines.join('\n'), 'f.conf');
}

/** The value of the one parameter `key` that a source with this line has. */
function readKey(line: string) {
  return requireDirective(parse('<source>', line, '</source>'), 'source').parameters.get('key');
}

test('directives keep their argument, line, parameters and what is inside them', () => {
  const root = parse(
    '# about',
    '',
    '<source>  # a comment',
    '  @type tail',
    '\tpath /var/log/a/*.log,/var/log/b/*.log\r',
    '  <parse>',
    '    @type json',
    '  </parse>',
    '</source>',
    '<match app.** db>',
    '  <buffer tag, time>',
    '  </buffer> # done',
    '</match>',
  );
  expect(root.directives).toEqual([
    {
      name: 'source',
      argument: '',
      line: 3,
      parameters: new Map([
        ['@type', 'tail'],
        ['path', '/var/log/a/*.log,/var/log/b/*.log'],
      ]),
      directives: [{ name: 'parse', argument: '', line: 6, parameters: new Map([['@type', 'json']]), directives: [] }],
    },
    {
      name: 'match',
      argument: 'app.** db',
      line: 10,
      parameters: new Map(),
      directives: [{ name: 'buffer', argument: 'tag, time', line: 11, parameters: new Map(), directives: [] }],
    },
  ]);
});

test('an empty file has no directives', () => {
  expect(parse('').directives).toEqual([]);
});

test.for([
  ['key %Y-%m-%dT%H:%M:%S.%N%z', '%Y-%m-%dT%H:%M:%S.%N%z'],
  ['key two words  # and a comment', 'two words'],
  ['key a#b #c#d', 'a#b'],
  ['key', ''],
  ['key "a # b" # c', 'a # b'],
  ['key "say \\"hi\\"\\n"', 'say "hi"\n'],
  ["key 'it\\'s \\n'", "it's \\n"],
  ["key it's", "it's"],
] as const)('the value of %j is %j', ([line, value]) => {
  expect(readKey(line)).toBe(value);
});

describe('is refused with its line:', () => {
  test.for<[name: string, lines: string[], message: string]>([
    [
      'a directive that is never closed',
      ['# x', '<source>', '<parse>', '</parse>'],
      'f.conf:2: <source> is never closed',
    ],
    ['two that are never closed: the inner one', ['<match a>', '<buffer>'], 'f.conf:2: <buffer> is never closed'],
    ['a closing tag without an opening one', ['</source>'], 'f.conf:1: </source> closes nothing'],
    [
      'tags that cross',
      ['<source>', '<parse>', '</source>'],
      'f.conf:3: </source> comes before </parse>, though <parse> in line 2 is open',
    ],
    ['an unknown directive', ['<sauce>'], 'f.conf:1: <sauce> cannot stand at the top; <filter>, <label>,'],
    [
      'a directive in the wrong place',
      ['<source>', '<buffer>'],
      'f.conf:2: <buffer> cannot stand inside <source>; <parse> may',
    ],
    [
      'a directive where none may be',
      ['<match a>', '<buffer>', '<parse>'],
      'f.conf:3: <parse> cannot stand inside <buffer>; nothing may',
    ],
    ['a section at the top', ['<parse>'], 'f.conf:1: <parse> cannot stand at the top'],
    ['a tag without its end', ['<match **'], 'f.conf:1: "<match **" is no tag'],
    ['two tags in a line', ['<source></source>'], 'f.conf:1: "<source></source>" is no tag'],
    ['a tag without a name', ['< >'], 'f.conf:1: "< >" is no tag'],
    ['a closing tag with an argument', ['<match a>', '</match a>'], 'f.conf:2: "</match a>" is no closing tag'],
    ['a parameter outside of all', ['@type tail'], 'f.conf:1: "@type" stands outside of every directive'],
    ['a parameter with another sign', ['<source>', 'path: /var/log'], 'f.conf:2: "path: /var/log" is no parameter'],
    ['a parameter given twice', ['<source>', 'tag a', 'tag b', '</source>'], 'f.conf:3: tag has a value already'],
    ['@include', ['@include conf.d/*.conf'], 'f.conf:1: @include is not followed'],
    ['Ruby code', ['<source>', 'tag "#{ENV[\'TAG\']}"', '</source>'], 'f.conf:2: tag: Ruby code'],
    [
      'a JSON value',
      ['<source>', 'exclude_path ["a"]', '</source>'],
      'f.conf:2: exclude_path: JSON as a value is not read',
    ],
    [
      'a comment for a value',
      ['<source>', 'tag # later'],
      'f.conf:2: tag: Fluentd takes a comment in the place of a value',
    ],
    ['a quote that stays open', ['<source>', 'tag "metald', '</source>'], 'f.conf:2: tag: the value has no closing "'],
    ['text behind a quote', ['<source>', "tag 'a' b"], 'f.conf:2: tag: "b" behind the closing quote'],
    ['an unknown escape', ['<source>', 'tag "a\\d"'], 'f.conf:2: tag: \\d is no escape'],
  ])('%s', ([, lines, message]) => {
    expect(() => parse(...lines)).toThrow(message);
  });
});

test('a parameter that is missing is named with the directive', () => {
  const source = requireDirective(parse('', '<source>', 'tag', '</source>'), 'source');
  expect(() => requireParameter(source, 'path')).toThrow(
    '<source> in line 2 has no path; add a line "path VALUE" to it',
  );
  expect(() => requireParameter(source, 'tag')).toThrow('<source> in line 2 has no tag');
});

test('one directive is asked for, and none or two are an error', () => {
  const root = parse('<match a>', '</match>', '<match b>', '</match>');
  expect(() => requireDirective(root, 'match')).toThrow('has 2 <match>; it must have one');
  expect(() => requireDirective(root, 'source')).toThrow('has 0 <source>; it must have one');
});
