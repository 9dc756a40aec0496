import { isMap, isNode, isScalar, isSeq, LineCounter, type Node, parseDocument } from 'yaml';
import { SloFileError, type SloFileProblem } from './slo-file-error.ts';

/** A value of a YAML file, with its location for errors. */
export interface Field {
  /** Where in the structure, such as `slos[1].objective`. */
  readonly key: string;
  /** Position in the text, in UTF-16 units. */
  readonly offset: number;
  readonly node: Node | null;
}

/** A reader of a YAML file. It collects all errors to report them together. */
export interface LocatedYaml {
  readonly root: Field;
  complain(field: Pick<Field, 'key' | 'offset'>, wrong: string, allowed: string): void;
  /**
   * The fields of a mapping by key; undefined when the value is not a mapping. Complains about unknown and repeated keys.
   */
  mapping<Key extends string>(field: Field, allowed: readonly Key[]): ReadonlyMap<Key, Field> | undefined;
  /** The entries of a list; complains when the value is not a list, or an empty one. */
  list(field: Field): readonly Field[];
  /** The value of a scalar of any type; complains when the value is not a scalar. */
  scalar(field: Field): unknown;
  /** @throws SloFileError when there was any complaint. */
  finish(): void;
}

/**
 * Opens a YAML text for reading.
 *
 * @param file Name of the file, for errors.
 * @throws SloFileError when it is not YAML.
 */
export function readLocatedYaml(text: string, file: string): LocatedYaml {
  const lines = new LineCounter();
  // `mapping` reports repeated keys, because it knows their place in the structure.
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: false });
  const problems: SloFileProblem[] = [];

  const complain: LocatedYaml['complain'] = ({ key, offset }, wrong, allowed) => {
    const { line, col } = lines.linePos(offset);
    problems.push({ line, column: col, key, wrong, allowed });
  };
  const finish = () => {
    if (problems.length > 0) throw new SloFileError(file, problems);
  };

  // Later syntax errors are mostly consequences of the first.
  const [mistake] = [...document.errors, ...document.warnings];
  if (mistake !== undefined) complain({ key: 'YAML', offset: mistake.pos[0] }, mistake.message, 'YAML 1.2');
  finish();

  return {
    root: fieldOf('the file', document.contents, 0),
    complain,
    mapping(field, allowed) {
      if (!isMap(field.node)) {
        complain(field, `is ${describe(field.node)}`, `a mapping with the keys ${allowed.join(', ')}`);
        return undefined;
      }
      const fields = new Map<(typeof allowed)[number], Field>();
      for (const { key, value } of field.node.items) {
        const offset = isNode(key) ? (key.range?.[0] ?? field.offset) : field.offset;
        const written = isScalar(key) ? String(key.value) : 'a key that is not a scalar';
        const name = allowed.find((candidate) => candidate === written);
        const path = field.key === 'the file' ? written : `${field.key}.${written}`;
        if (name === undefined) complain({ key: path, offset }, 'unknown key', allowed.join(', '));
        else if (fields.has(name)) complain({ key: path, offset }, 'occurs twice', 'each key once');
        else fields.set(name, fieldOf(path, isNode(value) ? value : null, offset));
      }
      return fields;
    },
    list(field) {
      if (isSeq(field.node) && field.node.items.length > 0)
        return field.node.items.map((item, index) =>
          fieldOf(`${field.key}[${index}]`, isNode(item) ? item : null, field.offset),
        );
      complain(field, isSeq(field.node) ? 'is empty' : `is ${describe(field.node)}`, 'a list with at least one entry');
      return [];
    },
    scalar(field) {
      if (isScalar(field.node) && field.node.value !== null) return field.node.value;
      complain(field, `is ${describe(field.node)}`, 'a text or a number');
      return undefined;
    },
    finish,
  };
}

function fieldOf(key: string, node: Node | null, fallbackOffset: number): Field {
  return { key, node, offset: node?.range?.[0] ?? fallbackOffset };
}

function describe(node: Node | null): string {
  if (isMap(node)) return 'a mapping';
  if (isSeq(node)) return 'a list';
  if (node === null || (isScalar(node) && node.value === null)) return 'empty';
  return isScalar(node) ? JSON.stringify(node.value) : 'an alias';
}
