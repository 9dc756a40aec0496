import { isSatisfied, parseLicence } from './expression.ts';

/** How a dependency is used: in what we distribute, in a program that we build, or only in development. */
export type Use = 'shipped' | 'built' | 'at work';

/** A third-party dependency. */
export interface Dependency {
  readonly kind: 'npm package' | 'Go module' | 'jar' | 'bundled';
  readonly name: string;
  readonly version: string;
  /** An SPDX expression, or its replacement. */
  readonly licence: string;
  readonly use: Use;
  /** Its owner, if that is not the whole repository. */
  readonly of?: string;
}

/** Stands for an unknown licence, which no policy allows. */
export const unknownLicence = 'LicenseRef-unknown';

/** Allowed licences, for which use and why. */
export interface Allowance {
  readonly licences: readonly string[];
  readonly uses: readonly Use[];
  readonly reason: string;
}

/** A dependency that is allowed although its licence is not on the list. */
export interface Exception {
  readonly kind: Dependency['kind'];
  readonly name: string;
  readonly licence: string;
  readonly use: Use;
  readonly reason: string;
}

/** Every licence that needs no exception. */
export const allowances: readonly Allowance[] = [
  {
    licences: [
      ...['MIT', 'MIT-0', 'ISC', '0BSD', 'BSD-2-Clause', 'BSD-2-Clause-Views', 'BSD-3-Clause', 'Apache-2.0'],
      ...['BlueOak-1.0.0', 'Zlib', 'Python-2.0', 'PostgreSQL', 'OpenSSL', 'Unicode-DFS-2016', 'Unicode-3.0'],
      ...['CC-BY-3.0', 'CC-BY-4.0', 'CC0-1.0', 'Unlicense', 'LicenseRef-public-domain'],
    ],
    uses: ['shipped', 'built', 'at work'],
    reason: 'permissive: at most it requires its notice',
  },
  {
    licences: ['MPL-2.0'],
    uses: ['built', 'at work'],
    reason:
      'requires the source of its own files to be published; we use these files unchanged from their published source, and ship none of them',
  },
];

/** All exceptions from the policy; an unused one fails the check. */
export const exceptions: readonly Exception[] = [
  {
    kind: 'npm package',
    name: 'npm',
    licence: 'Artistic-2.0',
    use: 'at work',
    reason:
      'tests start it to install the packed library as a user does; none of its files is imported, changed or distributed',
  },
];

/**
 * Checks dependencies against the policy.
 *
 * @returns a sentence for each dependency that is not allowed, and for each unused exception.
 */
export function judge(dependencies: readonly Dependency[], exceptions: readonly Exception[]): string[] {
  const unused = new Set(exceptions);
  const refused = dependencies.flatMap((dependency) => {
    const { licence, use } = dependency;
    const expression = parseLicence(licence);
    const isAllowed = (id: string) =>
      allowances.some(({ licences, uses }) => licences.includes(id) && uses.includes(use));
    if (expression !== undefined && isSatisfied(expression, isAllowed)) return [];
    const exception = exceptions.find((candidate) => isFor(candidate, dependency));
    if (exception === undefined) return [describe(dependency, expression !== undefined)];
    unused.delete(exception);
    return [];
  });
  return [...refused, ...[...unused].map(describeUnused)];
}

function isFor(exception: Exception, { kind, name, licence, use }: Dependency): boolean {
  return exception.kind === kind && exception.name === name && exception.licence === licence && exception.use === use;
}

function describe({ kind, name, version, licence, use, of }: Dependency, isKnown: boolean): string {
  const owner = of === undefined ? '' : ` of ${of}`;
  const problem = isKnown
    ? `is under ${licence}, which is not allowed where it is ${use}`
    : `is under "${licence}", which is not an SPDX licence`;
  return `${kind} ${name} ${version}${owner} ${problem}; replace it, or add an exception with a reason to tools/src/licences/policy.ts`;
}

function describeUnused({ kind, name, licence }: Exception): string {
  return `the exception for ${kind} ${name} under ${licence} is unused; remove it from tools/src/licences/policy.ts`;
}
