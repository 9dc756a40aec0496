import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { findImageProblems } from './check.ts';
import { imageLicences } from './image-licences.ts';
import { findImages, type ReferencedImage } from './images.ts';

const repository = join(import.meta.dirname, '../../..');

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'vmobs-licences-'));
  await mkdir(join(root, 'compose'));
  await writeFile(join(root, 'compose/versions.env'), 'PLANTED_VERSION=1.2.3\n');
});
afterEach(() => rm(root, { recursive: true }));

const problemsOf = (images: readonly ReferencedImage[]) =>
  images.flatMap((image) => findImageProblems(image, imageLicences));

test('every image has a licence, and a remark unless the licence is permissive', async () => {
  const images = await findImages(repository);
  expect(problemsOf(images)).toEqual([]);
  expect(images.map(({ name }) => name)).toEqual(
    expect.arrayContaining(['grafana/grafana', 'node', 'prom/prometheus']),
  );
});

test('an image that is planted in a compose file beside the others is a problem', async () => {
  await cp(join(repository, 'compose'), join(root, 'compose'), { recursive: true });
  const text = `services:\n  planted:\n    image: example/planted:\${PROMETHEUS_VERSION}\n    profiles: [more]\n`;
  await writeFile(join(root, 'compose/planted.yaml'), text);
  expect(problemsOf(await findImages(root))).toEqual([
    expect.stringContaining('the image example/planted, used by planted (profile more), has no licence'),
  ]);
});

test('an image takes its version from versions.env, also one of a registry with a port', async () => {
  const text = `services:\n  one:\n    image: localhost:5000/planted:v\${PLANTED_VERSION}\n  two:\n    image: planted\n`;
  await writeFile(join(root, 'compose/compose.yaml'), text);
  expect(await findImages(root)).toEqual([
    { name: 'localhost:5000/planted', version: 'v1.2.3', users: ['one'] },
    { name: 'planted', version: 'latest', users: ['two'] },
  ]);
});

test('a variable that versions.env lacks is reported', async () => {
  await writeFile(join(root, 'compose/compose.yaml'), `services:\n  one:\n    image: planted:\${OTHER_VERSION}\n`);
  await expect(findImages(root)).rejects.toThrow('versions.env has no OTHER_VERSION');
});

test('a Dockerfile names what it starts from, and not its own stages', async () => {
  const text = 'FROM --platform=linux/amd64 planted:1 AS build\nRUN true\nFROM build\nfrom other\n';
  await writeFile(join(root, 'Dockerfile'), text);
  expect(await findImages(root)).toEqual([
    { name: 'other', version: 'latest', users: ['Dockerfile'] },
    { name: 'planted', version: '1', users: ['Dockerfile'] },
  ]);
});
