import { CommandError } from '@vmobs/settings';
import { isMap, isScalar, isSeq, LineCounter, parseDocument, type YAMLMap } from 'yaml';
import type { Query } from './query.ts';
import { scalarPlaces } from './scalar-places.ts';

/** The key under which an alert says why its series may be absent, in its annotations or labels. */
const mayBeAbsentKey = 'may_be_absent';

/**
 * Reads all expressions of a Prometheus rule file, with their places in it.
 *
 * @param file - its name, as findings are to print it
 * @throws CommandError when it is not YAML or has no list `groups`.
 */
export function readRuleQueries(file: string, text: string): Query[] {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  const [error] = document.errors;
  if (error !== undefined) throw new CommandError(`${file} is not YAML: ${error.message}`);
  const groups = document.get('groups');
  if (!isSeq(groups))
    throw new CommandError(`${file} is no file of rules: it needs a list "groups", each with a list "rules"`);
  const rules = groups.items.flatMap((group) => {
    const list = isMap(group) ? group.get('rules') : undefined;
    return isSeq(list) ? list.items.filter(isMap) : [];
  });
  return rules.flatMap((rule) => readRule(rule, file, text, lines));
}

function readRule(rule: YAMLMap, file: string, text: string, lines: LineCounter): Query[] {
  const expression = rule.get('expr', true);
  const record = rule.get('record', true);
  const name = record ?? rule.get('alert', true);
  // A rule without a name or an expression is what promtool checks.
  if (!isScalar(expression) || !isScalar(name)) return [];
  const labels = readTexts(rule.get('labels'));
  const mayBeAbsent = readTexts(rule.get('annotations'))[mayBeAbsentKey] ?? labels[mayBeAbsentKey];
  return [
    {
      kind: isScalar(record) ? 'recording' : 'alert',
      name: String(name.value),
      expression: String(expression.value),
      file,
      ...scalarPlaces(text, expression, lines),
      namePlace: scalarPlaces(text, name, lines).place,
      labels,
      ...(mayBeAbsent !== undefined && { mayBeAbsent }),
    },
  ];
}

function readTexts(map: unknown): Record<string, string> {
  if (!isMap(map)) return {};
  return Object.fromEntries(
    map.items.flatMap(({ key, value }) =>
      isScalar(key) && isScalar(value) ? [[String(key.value), String(value.value)]] : [],
    ),
  );
}
