import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compareJars, runMaven, ToolError, type ToolOptions } from '@vmobs/lab/toolchains';
import { normaliseLicence } from './expression.ts';
import { inOrder, type PartJars } from './licence-record.ts';
import { fingerprintJars, type MavenPart } from './maven-parts.ts';
import { unknownLicence } from './policy.ts';

/**
 * Lists the jars of a pom.xml with the licences that their poms declare or inherit. It maps most licence names to SPDX. Other
 * names stay unchanged, and the policy rejects them.
 */
const listJars = 'org.cyclonedx:cyclonedx-maven-plugin:2.9.3:makeBom';

/** Jars whose pom is ambiguous about the licence, with the licence of their sources. */
const licencesFromSources: Readonly<Record<string, { readonly declared: string; readonly licence: string }>> = {
  // The pom says "BSD", which is mapped to the four-clause licence. Each source file has three clauses.
  'com.jcraft:jzlib': { declared: 'BSD-4-Clause', licence: 'BSD-3-Clause' },
};

/** The part of a jar in a CycloneDX bill of materials that is read here. */
export interface Jar {
  readonly group: string;
  readonly name: string;
  readonly version: string;
  readonly hashes: readonly { readonly alg: string; readonly content: string }[];
  readonly licenses?: readonly DeclaredLicence[];
}

/** A licence: an SPDX id, a name that SPDX does not have, or an expression. */
type DeclaredLicence =
  | { readonly license: { readonly id: string } | { readonly name: string } }
  | { readonly expression: string };

/**
 * Finds the licences of the jars of a part, from their poms and the parents of those.
 *
 * @throws ToolError when Maven fails, and when the jars are not those of `jars.sha256`.
 */
export async function findJarLicences(root: string, part: MavenPart, options: ToolOptions): Promise<PartJars> {
  const folder = join(root, part.folder);
  const scratch = await mkdtemp(join(tmpdir(), 'vmobs-licences-'));
  try {
    const output = [`-DoutputDirectory=${scratch}`, '-DoutputName=jars', '-DoutputFormat=json'];
    const scopes = ['-DincludeProvidedScope=false', '-DincludeSystemScope=false'];
    await runMaven(folder, [listJars, ...output, ...scopes], options);
    const { components }: { components: Jar[] } = JSON.parse(await readFile(join(scratch, 'jars.json'), 'utf8'));
    const checksums = new Map(components.map((jar) => [`${jar.name}-${jar.version}.jar`, checksumOf(jar)]));
    const drift = compareJars(await readFile(join(folder, 'jars.sha256'), 'utf8'), checksums);
    if (drift.length > 0) throw new ToolError(drift.join('\n'));
    const licences = components.map((jar) => [`${jar.group}:${jar.name}@${jar.version}`, licenceOf(jar)] as const);
    return { fingerprint: await fingerprintJars(root, part), jars: inOrder(Object.fromEntries(licences)) };
  } finally {
    await rm(scratch, { recursive: true });
  }
}

function checksumOf({ hashes }: Jar): string {
  return hashes.find(({ alg }) => alg === 'SHA-256')?.content ?? 'unknown';
}

/** The licence of a jar. If the pom has several, the user may choose any, according to Maven's POM reference. */
export function licenceOf({ group, name, licenses = [] }: Jar): string {
  const choices = licenses.map((declared) => {
    if ('expression' in declared) return `(${declared.expression})`;
    return 'id' in declared.license ? declared.license.id : declared.license.name;
  });
  const licence = choices.length === 0 ? unknownLicence : normaliseLicence(choices.join(' OR '));
  const reading = licencesFromSources[`${group}:${name}`];
  return reading?.declared === licence ? reading.licence : licence;
}
