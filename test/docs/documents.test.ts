import { existsSync, globSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { expect, test } from 'vitest';

const root = join(import.meta.dirname, '../..');
const documents = globSync('{*.md,{bench,compose,docs,packages,parts,test,tools}/**/*.md}', {
  cwd: root,
  exclude: (path) => /(^|\/)node_modules(\/|$)/.test(path),
});

/** The lines of a document outside of its blocks of code. */
function linesOf(path: string): string[] {
  const text = readFileSync(path, 'utf8');
  return text.replace(/^ *```.*?^ *```$/gms, '').split('\n');
}

/** The anchor that GitHub gives a heading. */
function anchorOf(heading: string): string {
  const text = heading.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1').toLowerCase();
  return text.replace(/[^\p{L}\p{N}_ -]/gu, '').replaceAll(' ', '-');
}

function hasAnchor(path: string, anchor: string): boolean {
  return linesOf(path).some((line) => {
    const [, heading] = /^#+ (.+)$/.exec(line) ?? [];
    return heading !== undefined && anchorOf(heading) === anchor;
  });
}

/** The targets of a document's links within the repository. */
function linksOf(document: string): string[] {
  const links = linesOf(join(root, document)).flatMap((line) => Array.from(line.matchAll(/\]\(([^)\s]+)\)/g)));
  return links.map(([, target = '']) => target).filter((target) => !/^[a-z]+:/.test(target));
}

/** Whether a link leads to a file or folder of the repository and, with an anchor, to a heading of it. */
function hasTarget(document: string, link: string): boolean {
  const [path = '', anchor] = link.split('#');
  const target = path === '' ? join(root, document) : join(root, dirname(document), path);
  if (relative(root, target).startsWith('..') || !existsSync(target)) return false;
  return anchor === undefined || (statSync(target).isFile() && hasAnchor(target, anchor));
}

/** The paths that a document names as code from the root of the repository, such as `packages/wire/proto`. */
function namedPathsOf(document: string): string[] {
  const names = linesOf(join(root, document)).flatMap((line) =>
    Array.from(line.matchAll(/`((?:bench|compose|docs|packages|parts|test|tools)\/[\w./-]+)`/g)),
  );
  // Files in this folder are a user's own.
  return names.map(([, path = '']) => path).filter((path) => !path.startsWith('compose/prometheus/targets/'));
}

test('every link of a document leads to a file, folder or heading that exists', () => {
  const broken = documents.flatMap((document) =>
    linksOf(document)
      .filter((link) => !hasTarget(document, link))
      .map((link) => `${document}: ${link}`),
  );
  expect(broken).toEqual([]);
});

test('every path that a document names exists', () => {
  const missing = documents.flatMap((document) =>
    namedPathsOf(document)
      .filter((path) => !existsSync(join(root, path)))
      .map((path) => `${document}: ${path}`),
  );
  expect(missing).toEqual([]);
});

test('every row of a table is one line with as many cells as the head', () => {
  const barsIn = (line: string) => line.match(/(?<!\\)\|/g)?.length ?? 0;
  const broken = documents.flatMap((document) => {
    const lines = linesOf(join(root, document));
    const isRow = (index: number) => lines[index]?.startsWith('|') ?? false;
    return lines
      .filter((line, index) =>
        isRow(index)
          ? isRow(index - 1) && barsIn(line) !== barsIn(lines[index - 1] ?? '')
          : isRow(index - 1) && line !== '',
      )
      .map((line) => `${document}: ${line}`);
  });
  expect(broken).toEqual([]);
});
