/** A definition that the catalogue does not take. */
export class MetricDefinitionError extends Error {
  override readonly name = 'MetricDefinitionError';
  /** Name of the metric that was defined. */
  readonly metric: string;

  /** @param problem - what follows the name of the metric in the message */
  constructor(metric: string, problem: string) {
    super(`metric ${metric} ${problem}`);
    this.metric = metric;
  }
}
