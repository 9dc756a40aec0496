import { FluentdConfigError } from './config-error.ts';
import { allowedDirectives, type Directive } from './directive.ts';
import { readValue, ValueError } from './parameter-value.ts';

/** A directive whose closing tag has not come yet. */
interface OpenDirective extends Directive {
  readonly parameters: Map<string, string>;
  readonly directives: Directive[];
}

/**
 * Reads a configuration in Fluentd's v1 format: directives, parameters, comments.
 *
 * It takes less than Fluentd does: a section that is unknown where it stands, of which Fluentd only warns, and a parameter that
 * is given twice are errors here. `@include` is refused: what is checked is in one file.
 *
 * @param file its name, for messages.
 * @throws FluentdConfigError that names the line, at the first fault.
 */
export function parseFluentdConfig(text: string, file: string): Directive {
  const root: OpenDirective = { name: 'root', argument: '', line: 0, parameters: new Map(), directives: [] };
  const open = [root];
  for (const [index, untrimmed] of text.split(/\r?\n/).entries()) {
    const line = index + 1;
    const content = untrimmed.trim();
    const fail = (problem: string) => new FluentdConfigError(file, line, problem);
    const inside = open.at(-1) ?? root;
    if (content === '' || content.startsWith('#')) continue;
    if (content.startsWith('</')) {
      close(content, inside, fail);
      open.pop();
    } else if (content.startsWith('<')) {
      const directive = { ...openingTag(content, fail), line, parameters: new Map(), directives: [] };
      checkNesting(directive, inside, fail);
      inside.directives.push(directive);
      open.push(directive);
    } else addParameter(content, inside, fail);
  }
  const unclosed = open.at(-1);
  if (unclosed !== undefined && unclosed !== root) {
    throw new FluentdConfigError(file, unclosed.line, `<${unclosed.name}> is never closed; add </${unclosed.name}>`);
  }
  return root;
}

type Fail = (problem: string) => FluentdConfigError;

function openingTag(content: string, fail: Fail) {
  const [, name, argument = ''] = /^<([a-zA-Z0-9_]+)(?:[ \t]+([^<>]*?))?[ \t]*>[ \t]*(?:#.*)?$/.exec(content) ?? [];
  if (name === undefined)
    throw fail(`"${content}" is no tag; it has the form <NAME> or <NAME ARGUMENT>, alone in its line`);
  return { name, argument };
}

function close(content: string, inside: Directive, fail: Fail): void {
  const [, name] = /^<\/([a-zA-Z0-9_]+)[ \t]*>[ \t]*(?:#.*)?$/.exec(content) ?? [];
  if (name === undefined) throw fail(`"${content}" is no closing tag; it has the form </NAME>, alone in its line`);
  if (inside.line === 0) throw fail(`</${name}> closes nothing; remove it`);
  if (name !== inside.name) {
    throw fail(`</${name}> comes before </${inside.name}>, though <${inside.name}> in line ${inside.line} is open`);
  }
}

function checkNesting({ name }: Directive, inside: Directive, fail: Fail): void {
  const allowed = allowedDirectives(inside.name);
  if (allowed.includes(name)) return;
  const where = inside.line === 0 ? 'at the top' : `inside <${inside.name}>`;
  const instead = allowed.length === 0 ? 'nothing may' : `${allowed.map((other) => `<${other}>`).join(', ')} may`;
  throw fail(`<${name}> cannot stand ${where}; ${instead}`);
}

function addParameter(content: string, inside: OpenDirective, fail: Fail): void {
  const [, name, value = ''] = /^(@?[a-z][a-z0-9_]*)(?:[ \t]+(.*))?$/.exec(content) ?? [];
  if (name === undefined) throw fail(`"${content}" is no parameter; a line has the form NAME VALUE`);
  if (name === '@include' || name === 'include')
    throw fail('@include is not followed; put what it names into this file');
  if (inside.line === 0) throw fail(`"${name}" stands outside of every directive; put it into one`);
  if (inside.parameters.has(name))
    throw fail(`${name} has a value already; Fluentd takes the last one, keep one of them`);
  try {
    inside.parameters.set(name, readValue(value));
  } catch (error) {
    if (error instanceof ValueError) throw fail(`${name}: ${error.message}`);
    throw error;
  }
}
