/** A number, such as the size of a fault: a JSON Schema with the unit as an annotation. */
export interface NumberParameter {
  readonly type: 'number';
  readonly description: string;
  /** Unit, such as `cores`, `ms` or `probability`. */
  readonly unit: string;
  readonly minimum: number;
  readonly maximum: number;
  readonly default: number;
}

/** A choice between variants of a fault: a JSON Schema. */
export interface WordParameter<Word extends string = string> {
  readonly type: 'string';
  readonly description: string;
  readonly enum: readonly Word[];
  readonly default: NoInfer<Word>;
}

/** A parameter of the request that switches a fault on. */
export type Parameter = NumberParameter | WordParameter;

/** The parameters of a fault. Every fault has a size. */
export interface ParameterTable {
  readonly size: NumberParameter;
  readonly [name: string]: Parameter;
}

type ValueOf<P> = P extends WordParameter<infer Word> ? Word : number;

/** The values of the parameters of a table. */
export type ValuesOf<Table> = { readonly [Name in keyof Table]: ValueOf<Table[Name]> };

/** The request to switch a fault is not valid. Fastify answers it with its status and message. */
export class FaultRequestError extends Error {
  override readonly name = 'FaultRequestError';
  readonly statusCode: 400 | 404;

  constructor(statusCode: 400 | 404, message: string) {
    super(message);
    this.statusCode = statusCode;
  }
}

/**
 * Reads the value of each parameter; a missing one has its default.
 *
 * @throws FaultRequestError that lists every value that is not allowed, with the allowed ones
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
  // Every value was checked against the parameter of its name; `fromEntries` cannot express that.
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

/** The size of a fault that takes effect at random. */
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
