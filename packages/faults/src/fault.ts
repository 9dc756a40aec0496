import type { Logger } from '@vmobs/telemetry';
import type { ParameterTable, ValuesOf } from './parameters.ts';

/** What a fault may use while it is on. */
export interface FaultTools {
  readonly logger: Logger;
}

/** Ends a fault: frees what it holds, and continues what it delays. */
export type EndFault = () => void;

/** The definition of a fault: something that can go wrong, and how to cause it. */
export interface FaultDefinition<Parameters extends ParameterTable> {
  /** Plain words in kebab-case. */
  readonly name: string;
  /** The effect, as users of the service notice it. */
  readonly description: string;
  readonly parameters: Parameters;
  /** Starts the fault. It lasts until the returned function is called. */
  begin(values: ValuesOf<Parameters>, tools: FaultTools): EndFault;
}

/** A fault with any parameters. */
export type Fault = FaultDefinition<ParameterTable>;

/** Types the values of a fault by its parameters. */
export function defineFault<const Parameters extends ParameterTable>(definition: FaultDefinition<Parameters>): Fault {
  return definition;
}
