/** A directive such as `<match **>` with what is in it; the whole file is one, too. */
export interface Directive {
  /** Such as `match`; `root` for the file. */
  readonly name: string;
  /** What stands behind the name, such as `**`; empty when there is nothing. */
  readonly argument: string;
  /** Line of its opening tag; 0 for the file. */
  readonly line: number;
  /** Values by name, `@type` with its `@`. Numbers, sizes and times are text, as in the file. */
  readonly parameters: ReadonlyMap<string, string>;
  readonly directives: readonly Directive[];
}

/** What each directive may hold. Of a section that it does not know Fluentd only warns. */
const allowedInside: Readonly<Record<string, readonly string[]>> = {
  root: ['filter', 'label', 'match', 'source', 'system'],
  label: ['filter', 'match'],
  match: ['buffer'],
  source: ['parse'],
};

/** The directives that may stand inside one of this name. */
export function allowedDirectives(name: string): readonly string[] {
  return allowedInside[name] ?? [];
}

/** Directives of this name directly inside another. */
export function directivesNamed(parent: Directive, name: string): readonly Directive[] {
  return parent.directives.filter((directive) => directive.name === name);
}

/** @throws Error that names directive and parameter when it has no value. */
export function requireParameter(directive: Directive, name: string): string {
  const value = directive.parameters.get(name);
  if (value === undefined || value === '') {
    throw new Error(`<${directive.name}> in line ${directive.line} has no ${name}; add a line "${name} VALUE" to it`);
  }
  return value;
}

/** The only directive of this name inside another. @throws Error when there is none or more than one. */
export function requireDirective(parent: Directive, name: string): Directive {
  const [only, ...others] = directivesNamed(parent, name);
  if (only === undefined || others.length > 0) {
    const count = directivesNamed(parent, name).length;
    throw new Error(`<${parent.name}> in line ${parent.line} has ${count} <${name}>; it must have one`);
  }
  return only;
}
