import { CommandError } from '@vmobs/settings';
import { isMap, isScalar, isSeq, LineCounter, parseDocument, type Scalar, type YAMLMap } from 'yaml';
import type { Query } from './query.ts';
import { scalarPlaces } from './scalar-places.ts';

/**
 * Reads all Prometheus queries of a Grafana dashboard: of its panels, also those in rows, its annotations and its
 * variables. A variable `label_values(metric, label)` becomes the expression `group by (label) (metric)`.
 *
 * @param file - its name, as findings are to print it
 * @throws CommandError when it is not JSON or no dashboard.
 */
export function readDashboardQueries(file: string, json: string): Query[] {
  const lines = new LineCounter();
  // JSON is YAML, and the reader of YAML knows the place of everything.
  const document = parseDocument(json, { lineCounter: lines });
  const [error] = document.errors;
  if (error !== undefined) throw new CommandError(`${file} is not JSON: ${error.message}`);
  const { contents } = document;
  const dashboard = isMap(contents) ? (mapAt(contents, 'dashboard') ?? contents) : undefined;
  if (dashboard === undefined)
    throw new CommandError(`${file} is no Grafana dashboard: it needs an object with "panels"`);
  const isPrometheus = prometheusTest(dashboard);
  const query = (name: string, scalar: Scalar): Query => ({
    kind: 'panel',
    name,
    expression: String(scalar.value),
    file,
    ...scalarPlaces(json, scalar, lines),
  });
  const ofPanels = panelsOf(dashboard).flatMap((panel) =>
    mapsAt(panel, 'targets')
      .filter((target) => isPrometheus(target, panel))
      .flatMap((target) => scalarsAt(target, 'expr').map((scalar) => query(titleOf(panel), scalar))),
  );
  const ofAnnotations = mapsAt(mapAt(dashboard, 'annotations'), 'list')
    .filter((annotation) => isPrometheus(annotation))
    .flatMap((annotation) =>
      [...scalarsAt(annotation, 'expr'), ...scalarsAt(mapAt(annotation, 'target'), 'expr')].map((scalar) =>
        query(`annotation ${textAt(annotation, 'name') ?? ''}`, scalar),
      ),
    );
  const ofVariables = mapsAt(mapAt(dashboard, 'templating'), 'list')
    .filter((variable) => textAt(variable, 'type') === 'query' && isPrometheus(variable))
    .flatMap((variable) =>
      [...scalarsAt(variable, 'query'), ...scalarsAt(mapAt(variable, 'query'), 'query')].flatMap((scalar) =>
        readVariable(query(`variable ${textAt(variable, 'name') ?? ''}`, scalar)),
      ),
    );
  return [...ofPanels, ...ofAnnotations, ...ofVariables];
}

/** A variable asks in a language of its own; what is PromQL in it becomes a query at the place of the whole. */
function readVariable(variable: Query): Query[] {
  const text = variable.expression.trim();
  const placeOf = () => variable.place;
  const [, selector, label] = /^label_values\((?:(.+),)?\s*(\w+)\s*\)$/s.exec(text) ?? [];
  // `label_values(label)` alone asks all metrics.
  if (label !== undefined)
    return selector === undefined ? [] : [{ ...variable, placeOf, expression: `group by (${label}) (${selector})` }];
  const result = /^query_result\((.+)\)$/s.exec(text)?.[1];
  return result === undefined ? [] : [{ ...variable, placeOf, expression: result }];
}

/** Tells which targets ask Prometheus; one that does not say whom it asks is taken for one. */
function prometheusTest(dashboard: YAMLMap): (asking: YAMLMap, panel?: YAMLMap) => boolean {
  const variables = new Map(
    mapsAt(mapAt(dashboard, 'templating'), 'list')
      .filter((variable) => textAt(variable, 'type') === 'datasource')
      .map((variable) => [textAt(variable, 'name'), textAt(variable, 'query')] as const),
  );
  const typeOf = (source: YAMLMap | undefined) => {
    const type = textAt(source, 'type');
    // `datasource` is a panel that mixes sources: its targets say whom they ask.
    if (type !== undefined) return type === 'datasource' ? undefined : type;
    const variable = /^\$\{?(\w+)\}?$/.exec(textAt(source, 'uid') ?? '')?.[1];
    return variable === undefined ? undefined : variables.get(variable);
  };
  return (asking, panel) => {
    const type = typeOf(mapAt(asking, 'datasource')) ?? typeOf(mapAt(panel, 'datasource')) ?? 'prometheus';
    // Grafana's own annotations come from its database.
    const isBuiltIn = type === 'grafana' || textAt(mapAt(asking, 'datasource'), 'uid') === '-- Grafana --';
    return type === 'prometheus' && !isBuiltIn;
  };
}

function panelsOf(parent: YAMLMap): YAMLMap[] {
  const panels = [...mapsAt(parent, 'panels'), ...mapsAt(parent, 'rows')];
  return panels.flatMap((panel) => [panel, ...panelsOf(panel)]);
}

function titleOf(panel: YAMLMap): string {
  return textAt(panel, 'title') ?? 'a panel without a title';
}

function mapAt(parent: YAMLMap | undefined, key: string): YAMLMap | undefined {
  const child = parent?.get(key);
  return isMap(child) ? child : undefined;
}

function mapsAt(parent: YAMLMap | undefined, key: string): YAMLMap[] {
  const child = parent?.get(key);
  return isSeq(child) ? child.items.filter(isMap) : [];
}

function textAt(parent: YAMLMap | undefined, key: string): string | undefined {
  const child = parent?.get(key);
  return typeof child === 'string' ? child : undefined;
}

function scalarsAt(parent: YAMLMap | undefined, key: string): Scalar[] {
  const child = parent?.get(key, true);
  return isScalar(child) && typeof child.value === 'string' && child.value !== '' ? [child] : [];
}
