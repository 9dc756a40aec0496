import type { Logger } from '@vmobs/telemetry';
import type { ParameterTable, ValuesOf } from './parameters.ts';

/** What a fault may use while it is on. */
export interface FaultTools {
  readonly logger: Logger;
}

/** Ends a fault: what it holds is freed, what it holds up goes on. */
export type EndFault = () => void;

/** What a fault is: something that can go wrong, and how to make it so. */
export interface FaultDefinition<Parameters extends ParameterTable> {
  /** Plain words with dashes between them. */
  readonly name: string;
  /** What whoever uses the service notices of it. */
  readonly description: string;
  readonly parameters: Parameters;
  /** Begins the fault. It goes on until the function that is returned is called. */
  begin(values: ValuesOf<Parameters>, tools: FaultTools): EndFault;
}

/** A fault with any parameters. */
export type Fault = FaultDefinition<ParameterTable>;

/** Gives the values of a fault the types of its parameters. */
export function defineFault<const Parameters extends ParameterTable>(definition: FaultDefinition<Parameters>): Fault {
  return definition;
}
