import { anyValue, type LabelSchema } from '@vmobs/telemetry';
import { type Aggregation, type Binary, bare, type Call, type Expression } from './expression.ts';
import { type MetricKnowledge, metricsOf } from './metric-knowledge.ts';

/** The labels that the series of a result can have. */
export interface ResultLabels {
  /** By name, with the values each can have. */
  readonly labels: LabelSchema;
  /** Whether there may be others, so that a label that is missing here proves nothing. */
  readonly isOpen: boolean;
}

const none: ResultLabels = { labels: {}, isOpen: false };
const unknown: ResultLabels = { labels: {}, isOpen: true };

/** Functions whose result is a number without labels, or whose argument gives none. */
const withoutLabels = new Set(['scalar', 'time', 'vector', 'pi', 'hour', 'minute', 'month', 'year']);

/** Works out which labels the series of a result can have, as Prometheus would hand them on. */
export function labelsOf(expression: Expression, knowledge: MetricKnowledge): ResultLabels {
  switch (expression.kind) {
    case 'number':
    case 'text':
      return none;
    case 'selector': {
      const metrics = metricsOf(knowledge, expression);
      if (metrics === undefined || metrics.length === 0) return unknown;
      return metrics
        .map(({ labels, isOpen, isRecorded }) => ({
          labels: isRecorded ? labels : { ...withAnyValue(knowledge.targetLabels), ...labels },
          isOpen,
        }))
        .reduce(union);
    }
    case 'call':
      return labelsOfCall(expression, knowledge);
    case 'aggregation':
      return labelsOfAggregation(expression, knowledge);
    case 'binary':
      return labelsOfBinary(expression, knowledge);
    default:
      return labelsOf(expression.inner, knowledge);
  }
}

/** Whether the series of a result can have a label. */
export function canHave({ labels, isOpen }: ResultLabels, label: string): boolean {
  return isOpen || label in labels;
}

/** Whether an expression gives series, not one number or text. */
export function isVector(expression: Expression): boolean {
  const part = bare(expression);
  if (part.kind === 'binary') return isVector(part.left) || isVector(part.right);
  if (part.kind === 'call') return !['scalar', 'time', 'pi'].includes(part.name);
  return part.kind !== 'number' && part.kind !== 'text';
}

function labelsOfCall({ name, args }: Call, knowledge: MetricKnowledge): ResultLabels {
  const vector = args.find(isVector);
  if (vector === undefined || withoutLabels.has(name)) return none;
  if (name === 'info') return unknown;
  const result = labelsOf(vector, knowledge);
  if (name === 'histogram_quantile') return keep(result, (label) => label !== 'le');
  if (name === 'absent' || name === 'absent_over_time') return labelsOfAbsent(vector);
  const target = name === 'label_replace' || name === 'label_join' ? args[1] : undefined;
  if (target?.kind === 'text') return { ...result, labels: { ...result.labels, [target.value]: anyValue } };
  return result;
}

/** `absent` invents a series with the labels that its selector asks for. */
function labelsOfAbsent(argument: Expression): ResultLabels {
  const part = bare(argument);
  const selector = part.kind === 'range' ? bare(part.inner) : part;
  if (selector.kind !== 'selector') return none;
  const equal = selector.matchers.filter(({ operator }) => operator === '=');
  return { labels: withAnyValue(equal.map(({ label }) => label)), isOpen: false };
}

function labelsOfAggregation(aggregation: Aggregation, knowledge: MetricKnowledge): ResultLabels {
  const { name, grouping, parameter, inner } = aggregation;
  const result = labelsOf(inner, knowledge);
  if (['topk', 'bottomk', 'limitk', 'limit_ratio'].includes(name)) return result;
  const names = new Set(grouping?.labels.map((label) => label.name));
  const grouped =
    grouping?.mode === 'without'
      ? keep(result, (label) => !names.has(label))
      : { labels: pick(result, names), isOpen: false };
  if (name !== 'count_values' || parameter?.kind !== 'text') return grouped;
  return { ...grouped, labels: { ...grouped.labels, [parameter.value]: anyValue } };
}

function labelsOfBinary({ operator, matching, left, right }: Binary, knowledge: MetricKnowledge): ResultLabels {
  if (!isVector(left)) return labelsOf(right, knowledge);
  const ofLeft = labelsOf(left, knowledge);
  if (!isVector(right) || operator === 'and' || operator === 'unless') return ofLeft;
  const ofRight = labelsOf(right, knowledge);
  if (operator === 'or') return union(ofLeft, ofRight);
  if (matching === undefined) return ofLeft;
  const included = withAnyValue(matching.include.map(({ name }) => name));
  if (matching.group === 'left') return { ...ofLeft, labels: { ...ofLeft.labels, ...included } };
  if (matching.group === 'right') return { ...ofRight, labels: { ...ofRight.labels, ...included } };
  const names = new Set(matching.labels.map(({ name }) => name));
  if (matching.mode === 'ignoring') return keep(ofLeft, (label) => !names.has(label));
  return { labels: pick(ofLeft, names), isOpen: false };
}

function union(one: ResultLabels, other: ResultLabels): ResultLabels {
  return { labels: { ...one.labels, ...other.labels }, isOpen: one.isOpen || other.isOpen };
}

function keep({ labels, isOpen }: ResultLabels, isKept: (label: string) => boolean): ResultLabels {
  return { labels: Object.fromEntries(Object.entries(labels).filter(([label]) => isKept(label))), isOpen };
}

/** Exactly these labels; of a result that is open each of them can be there. */
function pick({ labels, isOpen }: ResultLabels, names: ReadonlySet<string>): LabelSchema {
  const kept = [...names].filter((name) => isOpen || name in labels);
  return Object.fromEntries(kept.map((name) => [name, labels[name] ?? anyValue]));
}

function withAnyValue(names: Iterable<string>): LabelSchema {
  return Object.fromEntries(Array.from(names, (name) => [name, anyValue] as const));
}
