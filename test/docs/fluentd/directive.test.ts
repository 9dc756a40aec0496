import { expect, test } from 'vitest';
import { readDirectives, requireDirective, requireParameter } from './directive.ts';

function read(...lines: string[]) {
  return readDirectives(lines.join('\n'));
}

test('directives keep their argument, line, parameters and what is inside them', () => {
  const text = ['# about', '<source>', '  @type tail', '  path /a/*.log,/a/*.log.[0-9]*', '  <parse>', '    # how'];
  const root = read(...text, '    @type json', '  </parse>', '</source>', '', '<match app.**>', '</match>');
  const parse = { name: 'parse', argument: '', line: 5, parameters: new Map([['@type', 'json']]), directives: [] };
  const parameters = new Map(Object.entries({ '@type': 'tail', path: '/a/*.log,/a/*.log.[0-9]*' }));
  expect(root.directives).toEqual([
    { name: 'source', argument: '', line: 2, parameters, directives: [parse] },
    { name: 'match', argument: 'app.**', line: 11, parameters: new Map(), directives: [] },
  ]);
});

test.for<[lines: string[], message: string]>([
  [['<source>', '<parse>', '</parse>'], '<source> in line 1 is never closed'],
  [['</source>'], 'line 1, "</source>": neither a tag that fits here'],
  [['<source>', '<parse>', '</source>'], 'line 3, "</source>": neither a tag that fits here'],
  [['<sauce>'], 'line 1, "<sauce>": not in <root>, which may have: source, filter'],
  [['<match a>', '<parse>'], 'line 2, "<parse>": not in <match>, which may have: buffer'],
  [['@type tail'], 'line 1, "@type tail": it stands outside'],
  [['<source>', 'tag'], 'line 2, "tag": neither'],
  [['<source>', 'path: /var/log'], 'line 2, "path: /var/log": neither'],
  [['<source>', 'tag a', 'tag b'], 'line 3, "tag b": tag has a value already'],
  [['@include more.conf'], 'line 1, "@include more.conf": it stands outside'],
  [['<source>', 'tag "#{ENV[\'TAG\']}"'], 'Ruby and comments are not read here'],
  [['<source>', 'exclude_path ["a"]'], 'JSON, Ruby'],
  [['<source>', 'tag a # why'], 'comments are not read here'],
])('%j is refused', ([lines, message]) => {
  expect(() => read(...lines)).toThrow(message);
});

test('what a file lacks or has twice is named with its place', () => {
  const root = read('', '<source>', '</source>', '<match a>', '</match>', '<match b>', '</match>');
  expect(() => requireParameter(requireDirective(root, 'source'), 'path')).toThrow(
    '<source> in line 2 has no path; add a line "path VALUE" to it',
  );
  expect(() => requireDirective(root, 'match')).toThrow('has 2 <match>; it must have one');
  expect(() => requireDirective(root, 'filter')).toThrow('has 0 <filter>; it must have one');
});
