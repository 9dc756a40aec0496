import { FaultRequestError } from './fault-request-error.ts';

/** A number that says how strong a fault is: a JSON Schema with the unit as an annotation. */
export interface NumberParameter {
  readonly type: 'number';
  readonly description: string;
  /** Unit in words: `cores`, `ms`, `probability`. */
  readonly unit: string;
  readonly minimum: number;
  readonly maximum: number;
  readonly default: number;
}

/** A choice between the forms of a fault: a JSON Schema. */
export interface WordParameter<Word extends string = string> {
  readonly type: 'string';
  readonly description: string;
  readonly enum: readonly Word[];
  readonly default: NoInfer<Word>;
}

/** One thing that can be said about a fault when it is switched on. */
export type Parameter = NumberParameter | WordParameter;

/** What can be said about a fault when it is switched on. Every fault has a size. */
export interface ParameterTable {
  readonly size: NumberParameter;
  readonly [name: string]: Parameter;
}

type ValueOf<P> = P extends WordParameter<infer Word> ? Word : number;

/** A value for each parameter of a table. */
export type ValuesOf<Table> = { readonly [Name in keyof Table]: ValueOf<Table[Name]> };

/**
 * Reads the value of each parameter; what is not given has its default.
 *
 * @throws FaultRequestError that lists every value that is not allowed, and what is
 */
export function readValues<Table extends ParameterTable>(
  parameters: Table,
  given: Readonly<Record<string, unknown>>,
): ValuesOf<Table> {
  const problems: string[] = [];
  const entries = Object.entries<Parameter>(parameters).map(([name, parameter]) => {
    const value = given[name] ?? parameter.default;
    if (!isAllowed(parameter, value)) {
      problems.push(`${name} is ${JSON.stringify(value)}; allowed is ${describeAllowed(parameter)}`);
    }
    return [name, value];
  });
  if (problems.length > 0) throw new FaultRequestError(400, problems.join('. '));
  // Every value was held against the parameter of its name, which the mapped type says and `fromEntries` cannot.
  return Object.fromEntries(entries) as ValuesOf<Table>;
}

function isAllowed(parameter: Parameter, value: unknown): boolean {
  if (parameter.type === 'string') return parameter.enum.some((word) => word === value);
  return typeof value === 'number' && value >= parameter.minimum && value <= parameter.maximum;
}

function describeAllowed(parameter: Parameter): string {
  return parameter.type === 'string'
    ? `one of ${parameter.enum.join(', ')}`
    : `a number from ${parameter.minimum} to ${parameter.maximum} (${parameter.unit})`;
}

/** The size of a fault that strikes by chance. */
export function probability(share: number, description: string) {
  return {
    type: 'number',
    description,
    unit: 'probability',
    minimum: 0.001,
    maximum: 1,
    default: share,
  } as const satisfies NumberParameter;
}
