import { eventually, type ParsedFamily, readMetric, scrape } from '@vmobs/testing';

type Labels = Readonly<Record<string, string>>;

/** Sees metrics of a service move, and remembers which have been looked at. */
export interface Movements {
  /** Names that were looked at. */
  readonly seen: ReadonlySet<string>;
  /** Lets what is counted happen, and waits until the metric moves. @returns by how much; of a histogram, observations */
  moves(metric: string, labels: Labels, happen: () => Promise<unknown>): Promise<number>;
  /** The same for several metrics that one thing moves. @returns nothing; it fails when one does not move */
  allMove(metrics: readonly string[], happen: () => Promise<unknown>, labels?: Labels): Promise<void>;
  /** The value of a metric that does not move while the service runs. */
  value(metric: string, labels?: Labels): Promise<number>;
}

/** @param metricsUrl where the service is scraped; asked each time, as it starts later */
export function watchMovements(metricsUrl: () => string | undefined): Movements {
  const seen = new Set<string>();
  const page = () => scrape(metricsUrl());

  async function allMove(metrics: readonly string[], happen: () => Promise<unknown>, labels: Labels = {}) {
    const read = (families: ReadonlyMap<string, ParsedFamily>) =>
      metrics.map((metric) => readMetric(families, metric, labels));
    for (const metric of metrics) seen.add(metric);
    const before = read(await page());
    await happen();
    // Each as soon as it moves: a gauge may return to where it was while others are waited for.
    const movements = new Map<string, number>();
    async function look(): Promise<readonly string[]> {
      for (const [index, value] of read(await page()).entries()) {
        const metric = metrics[index] ?? '';
        const movement = value - (before[index] ?? Number.NaN);
        if (movement !== 0 && !movements.has(metric)) movements.set(metric, movement);
      }
      return metrics.filter((metric) => !movements.has(metric));
    }
    await eventually(look, (still) => still.length === 0);
    return movements;
  }

  return {
    seen,
    async moves(metric, labels, happen) {
      return (await allMove([metric], happen, labels)).get(metric) ?? Number.NaN;
    },
    async allMove(metrics, happen, labels) {
      await allMove(metrics, happen, labels);
    },
    async value(metric, labels = {}) {
      seen.add(metric);
      return readMetric(await page(), metric, labels);
    },
  };
}
