/** A directive of a fluent.conf, such as `<match **>`, with what is in it; the whole file is one, too. */
export interface Directive {
  /** Such as `match`; `root` for the file. */
  readonly name: string;
  /** What stands behind the name, such as `**`; empty when there is nothing. */
  readonly argument: string;
  /** Line of its opening tag; 0 for the file. */
  readonly line: number;
  /** Values by name, `@type` with its `@`; all of them are text, as in the file. */
  readonly parameters: ReadonlyMap<string, string>;
  readonly directives: readonly Directive[];
}

/** A directive whose closing tag has not come yet. */
interface OpenDirective extends Directive {
  readonly parameters: Map<string, string>;
  readonly directives: Directive[];
}

/** What may stand in each directive. Of another section Fluentd only warns, and goes on without it. */
const allowedInside: Readonly<Record<string, readonly string[]>> = {
  root: ['source', 'filter', 'match', 'label'],
  label: ['filter', 'match'],
  source: ['parse'],
  match: ['buffer'],
};

/**
 * Reads a configuration of Fluentd that has only plain lines: tags, `NAME VALUE`, and comments in lines of their own. For the
 * rest of the language (quotes, JSON, Ruby, `@include`) there is no reader here but Fluentd's, so a file that is tested has none.
 *
 * @throws Error that names the line.
 */
export function readDirectives(text: string): Directive {
  const root: OpenDirective = { name: 'root', argument: '', line: 0, parameters: new Map(), directives: [] };
  const open = [root];
  for (const [index, content] of text.split('\n').entries()) {
    const inside = open.at(-1) ?? root;
    try {
      const opened = readLine(content.trim(), inside, index + 1);
      if (opened === 'closed') open.pop();
      else if (opened !== undefined) open.push(opened);
    } catch (error) {
      throw new Error(`line ${index + 1}, "${content.trim()}": ${error instanceof Error ? error.message : error}`);
    }
  }
  if (open.length > 1) throw new Error(`<${open.at(-1)?.name}> in line ${open.at(-1)?.line} is never closed`);
  return root;
}

/** Takes one line in. @returns the directive that it opens, or that it closes the one that it stands in */
function readLine(content: string, inside: OpenDirective, line: number): OpenDirective | 'closed' | undefined {
  if (content === '' || content.startsWith('#')) return undefined;
  if (content === `</${inside.name}>` && inside.line > 0) return 'closed';
  const [, name, argument = ''] = /^<(\w+)(?: ([^<>"']+))?>$/.exec(content) ?? [];
  if (name !== undefined) {
    const allowed = allowedInside[inside.name] ?? [];
    if (!allowed.includes(name)) throw new Error(`not in <${inside.name}>, which may have: ${allowed.join(', ')}`);
    const directive = { name, argument, line, parameters: new Map(), directives: [] };
    inside.directives.push(directive);
    return directive;
  }
  const [, parameter, value] = /^(@?[a-z][a-z0-9_]*) (\S.*)$/.exec(content) ?? [];
  if (parameter === undefined || value === undefined) throw new Error('neither a tag that fits here nor NAME VALUE');
  if (/^[[{]|["'#]/.test(value)) throw new Error('quotes, JSON, Ruby and comments are not read here');
  if (inside.line === 0) throw new Error('it stands outside of every directive');
  if (inside.parameters.has(parameter)) throw new Error(`${parameter} has a value already`);
  inside.parameters.set(parameter, value);
  return undefined;
}

/** Directives of this name directly inside another. */
export function directivesNamed(parent: Directive, name: string): readonly Directive[] {
  return parent.directives.filter((directive) => directive.name === name);
}

/** The only directive of this name inside another. @throws Error when there is none or more than one. */
export function requireDirective(parent: Directive, name: string): Directive {
  const found = directivesNamed(parent, name);
  const [only] = found;
  if (only === undefined || found.length > 1) {
    throw new Error(`<${parent.name}> in line ${parent.line} has ${found.length} <${name}>; it must have one`);
  }
  return only;
}

/** @throws Error that names directive and parameter when it has no value. */
export function requireParameter(directive: Directive, name: string): string {
  const value = directive.parameters.get(name);
  if (value !== undefined) return value;
  throw new Error(`<${directive.name}> in line ${directive.line} has no ${name}; add a line "${name} VALUE" to it`);
}
