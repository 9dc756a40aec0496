import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { findPart } from '@vmobs/lab/parts';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readJars, readRecord } from './licence-record.ts';
import { judge } from './policy.ts';
import { recordLicences } from './record-licences.ts';

const repository = join(import.meta.dirname, '../../..');
const part = 'parts/opensearch';
const quiet = { only: [part], say: () => {}, onStep: () => {}, signal: new AbortController().signal };

test('the jars that are built are those of the record', async () => {
  const found = await findPart('opensearch-node');
  if (found === undefined) throw new Error('opensearch-node is not built; build it with: npx -y pnpm@12 parts');
  const recorded = readJars(await readRecord(repository)).map(
    ({ name, version }) => `${artifact(name)}-${version}.jar`,
  );
  expect((await readdir(join(dirname(found.path), 'lib'))).sort()).toEqual(recorded.sort());
});

/** `a` of `com.example:a`. */
function artifact(name: string): string {
  return name.slice(name.indexOf(':') + 1);
}

test('the record is what Maven finds', async () => {
  await recordLicences(repository, { ...quiet, isCheck: true, env: process.env });
});

describe('a planted part', () => {
  let root: string;
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'vmobs-jar-licences-'));
    // The plugin comes from where Maven keeps what it has fetched, if it has. The jars come from here, under the name of the
    // repository whose files CycloneDX believes in.
    const repositories = `<repositories>${repositoryOf('central', join(root, 'central'), 'repository')}</repositories>
      <pluginRepositories>${repositoryOf('kept', join(homedir(), '.m2/repository'), 'pluginRepository')}</pluginRepositories>`;
    const dependency = '<groupId>com.example</groupId><artifactId>planted</artifactId><version>1</version>';
    await write(`${part}/pom.xml`, [
      '<project><modelVersion>4.0.0</modelVersion><packaging>pom</packaging>',
      `<groupId>com.example</groupId><artifactId>part</artifactId><version>1</version>${repositories}`,
      `<dependencies><dependency>${dependency}</dependency></dependencies></project>`,
    ]);
    await write('central/com/example/planted/1/planted-1.pom', [
      '<project><modelVersion>4.0.0</modelVersion><artifactId>planted</artifactId>',
      '<parent><groupId>com.example</groupId><artifactId>parent</artifactId><version>1</version></parent></project>',
    ]);
    await write('central/com/example/planted/1/planted-1.jar', ['nothing']);
    await write(`${part}/jars.sha256`, [`${createHash('sha256').update('nothing').digest('hex')}  planted-1.jar`]);
  });
  afterEach(() => rm(root, { recursive: true }));

  function repositoryOf(id: string, folder: string, element: string): string {
    return `<${element}><id>${id}</id><url>${pathToFileURL(folder)}</url></${element}>`;
  }

  async function write(path: string, lines: readonly string[]): Promise<void> {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), lines.join('\n'));
  }

  /** What the policy says of a jar whose parent declares licences of these names. */
  async function judgePlanted(names: readonly string[]): Promise<string[]> {
    const licences = names.map((name) => `<license><name>${name}</name></license>`);
    await write('central/com/example/parent/1/parent-1.pom', [
      '<project><modelVersion>4.0.0</modelVersion><packaging>pom</packaging>',
      '<groupId>com.example</groupId><artifactId>parent</artifactId><version>1</version>',
      `<licenses>${licences.join('')}</licenses></project>`,
    ]);
    // Not into what Maven keeps for others: there a planted jar would stay.
    const env = { ...process.env, MAVEN_OPTS: `-Dmaven.repo.local=${join(root, 'kept')}` };
    await recordLicences(root, { ...quiet, isCheck: false, env });
    return judge(readJars(await readRecord(root)), []);
  }

  test('is refused for a jar that inherits the AGPL', async () => {
    expect(await judgePlanted(['GNU Affero General Public License v3.0'])).toEqual([
      expect.stringContaining(`jar com.example:planted 1 of ${part} is under AGPL-3.0,`),
    ]);
  });

  test('is refused for a jar under a name that nobody knows', async () => {
    expect(await judgePlanted(['Sunday License'])).toEqual([expect.stringContaining('is under "Sunday License"')]);
  });

  test('is refused for a jar without a licence', async () => {
    expect(await judgePlanted([])).toEqual([expect.stringContaining('LicenseRef-unknown')]);
  });

  test('is not refused for a jar that may be taken under the licence of Apache', async () => {
    expect(await judgePlanted(['GNU Affero General Public License v3.0', 'Apache License, Version 2.0'])).toEqual([]);
  });
});
