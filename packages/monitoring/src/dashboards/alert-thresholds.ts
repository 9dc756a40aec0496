import type { Service } from './panel-expressions.ts';

/** A bound that a panel shows. */
export interface Threshold {
  readonly value: number;
  /** Red is the colour of what pages someone, orange of what can wait. */
  readonly colour: 'red' | 'orange';
}

/**
 * Where alerts stand that a panel shows, by alert. Rules compare with `>`; Grafana colours from the bound itself on, which
 * differs for that one value only. A test compares these with compose/prometheus/rules.
 */
export const alertThresholds = {
  /** Instances that cannot be scraped: the rule is `up == 0`. */
  ServiceDown: { value: 1, colour: 'red' },
  /** Errors per second of one component. */
  HighErrorRate: { value: 0.05, colour: 'red' },
  /** Share of the attempts to send a batch. */
  BillingDataLossRisk: { value: 0.1, colour: 'red' },
  /** Bytes, of one instance. */
  HighMemoryUsage: { metald: { value: 2e9, colour: 'orange' }, billaged: { value: 1e9, colour: 'orange' } },
  /** Seconds, 95th percentile of one instance. */
  SlowBillingProcessing: { value: 0.1, colour: 'orange' },
  /** Seconds, 99th percentile of one instance. */
  HighEventLoopLag: { value: 0.1, colour: 'orange' },
  /** Share of the boots of one instance. */
  VMBootFailures: { value: 0.01, colour: 'orange' },
  /** Batches and notices that wait in one instance. */
  BillingQueueGrowing: { value: 144, colour: 'orange' },
  /** Seconds that the oldest batch of one instance has waited. */
  BillingBatchesLate: { value: 600, colour: 'orange' },
  /** Share of the bytes that the spool of one instance may take. */
  BillingSpoolFilling: { value: 0.5, colour: 'orange' },
  /** Share of the ticks of sampling of one instance. */
  BillingSamplingLate: { value: 0.01, colour: 'orange' },
  /** Share of the usage samples that are billed already, over all instances. */
  BillingDuplicates: { value: 0.1, colour: 'orange' },
  /** Usage samples given up in 5 minutes: the rule is `> 0`, and samples come whole. */
  BillingMetricsDropped: { value: 1, colour: 'red' },
} as const satisfies Record<string, Threshold | Record<Service, Threshold>>;

/** Where the objectives of the guide's section 7 stand, as shares and seconds that must not be exceeded. */
export const objectives = {
  /** "metald API Availability", 99.9 %. */
  apiErrors: { value: 0.001, colour: 'orange' },
  /** "metald API Latency": 99th percentile, in seconds. */
  apiLatency: { value: 0.5, colour: 'orange' },
  /** "billaged Processing Success", 99.95 %. */
  unprocessedMetrics: { value: 0.0005, colour: 'orange' },
  /** The documented limit of an aggregation cycle, in seconds. */
  aggregationDuration: { value: 5, colour: 'orange' },
} as const satisfies Record<string, Threshold>;
