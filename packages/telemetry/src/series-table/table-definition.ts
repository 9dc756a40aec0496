import { checkDefinition, MetricDefinitionError } from '../definitions/check-definition.ts';
import { anyValue, type CatalogueEntry, type LabelSchema } from '../definitions/definition.ts';
import type { FamilyHeader } from '../exposition/family.ts';
import { occupiedNames } from '../exposition/names.ts';
import { escapeLabelValue } from '../exposition/values.ts';
import { createLineFrame, type LineFrame } from './row-block.ts';

/** The definition of a column: a metric, or the part of a metric that has these labels besides those of the row. */
export interface ColumnDefinition {
  /** Prometheus name with its unit; a counter ends in `_total`. */
  readonly name: string;
  /** One sentence: what a value means. */
  readonly help: string;
  readonly type: 'counter' | 'gauge';
  /**
   * Labels that are the same in every row, such as `{ op: 'read' }`. Columns with the same name are one metric: they need equal
   * `help`, `type` and label names, and different label values.
   */
  readonly labels?: Readonly<Record<string, string>>;
}

/** A metric of a table, with the indexes of its columns. */
export interface TableFamily extends FamilyHeader {
  readonly type: ColumnDefinition['type'];
  readonly columns: readonly number[];
}

/** Columns of one metric while they are grouped. */
interface ColumnGroup {
  readonly first: { readonly column: string; readonly definition: ColumnDefinition };
  readonly columns: number[];
  /** The labels of each column in the form of its lines. */
  readonly labelSets: Set<string>;
}

/**
 * Groups columns into metrics.
 *
 * @throws MetricDefinitionError for an invalid definition, and for columns that contradict each other.
 * @throws Error for a table without labels or columns.
 */
export function groupColumns(
  table: string,
  rowLabels: readonly string[],
  columns: readonly (readonly [column: string, definition: ColumnDefinition])[],
): TableFamily[] {
  if (rowLabels.length === 0) throw new Error(`series table ${table} has no labels; rows need at least one to differ`);
  if (columns.length === 0) throw new Error(`series table ${table} has no columns; it needs at least one`);
  const groups = new Map<string, ColumnGroup>();
  const owners = new Map<string, string>();
  for (const [place, [column, definition]] of columns.entries()) {
    checkDefinition({ ...definition, labels: labelSchema(rowLabels, [definition]) });
    const { name, labels = {} } = definition;
    const refuse = (reason: string) => {
      throw new MetricDefinitionError(name, `cannot be column ${column} of series table ${table}: ${reason}`);
    };
    const shared = rowLabels.find((label, index) => label in labels || rowLabels.indexOf(label) !== index);
    if (shared !== undefined) refuse(`it has the label ${shared} twice; give it once`);

    for (const occupied of occupiedNames(definition)) {
      const owner = owners.get(occupied) ?? name;
      if (owner !== name) refuse(`${owner} of another column also has the name ${occupied} in OpenMetrics`);
      owners.set(occupied, name);
    }
    const group = groups.get(name) ?? { first: { column, definition }, columns: [], labelSets: new Set() };
    groups.set(name, group);
    const { first } = group;
    for (const property of ['type', 'help'] as const) {
      const [before, now] = [first.definition[property], definition[property]];
      if (before !== now) refuse(`its ${property} is ${now}, in column ${first.column} it is ${before}`);
    }
    const [namesBefore, names] = [labelNames(first.definition), labelNames(definition)];
    if (namesBefore !== names) refuse(`its labels are {${names}}, in column ${first.column} they are {${namesBefore}}`);
    const labelSet = writeLabels(labels);
    if (group.labelSets.has(labelSet)) refuse(`another column is the same series {${labelSet}}; give it other labels`);
    group.labelSets.add(labelSet);
    group.columns.push(place);
  }
  return [...groups.values()].map(({ first: { definition }, columns: places }) => {
    const { name, help, type } = definition;
    return { name, help, type, columns: places };
  });
}

/** The text of a column's lines around the labels of their rows. */
export function frameOf({ name, labels = {} }: ColumnDefinition): LineFrame {
  const fixed = writeLabels(labels);
  return createLineFrame(`${name}{`, `${fixed === '' ? '' : `,${fixed}`}} `);
}

/** The catalogue entry of a metric of a table. */
export function toCatalogueEntry(
  { name, help, type }: TableFamily,
  rowLabels: readonly string[],
  columns: readonly ColumnDefinition[],
): CatalogueEntry {
  return { name, help, type, labels: labelSchema(rowLabels, columns) };
}

function labelSchema(rowLabels: readonly string[], columns: readonly ColumnDefinition[]): LabelSchema {
  const schema: Record<string, LabelSchema[string]> = {};
  for (const label of rowLabels) schema[label] = anyValue;
  for (const { labels = {} } of columns) {
    for (const [label, value] of Object.entries(labels)) {
      const values = schema[label] ?? [];
      if (values !== anyValue && !values.includes(value)) schema[label] = [...values, value];
    }
  }
  return schema;
}

function labelNames({ labels = {} }: ColumnDefinition): string {
  return Object.keys(labels).sort().join();
}

function writeLabels(labels: Readonly<Record<string, string>>): string {
  return Object.keys(labels)
    .sort()
    .map((name) => `${name}="${escapeLabelValue(labels[name] ?? '')}"`)
    .join();
}
