import type { Service } from './panel-expressions.ts';

/** A bound that a panel shows. */
export interface Threshold {
  readonly value: number;
  /** Red for alerts that page someone, orange for those that can wait. */
  readonly colour: 'red' | 'orange';
}

/**
 * The alert bounds that panels show. Rules compare with `>`, while Grafana also colours the bound itself. A test compares these
 * bounds with compose/prometheus/rules.
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
  /** Waiting time of the oldest batch of one instance, in seconds. */
  BillingBatchesLate: { value: 600, colour: 'orange' },
  /** Share of the spool limit of one instance. */
  BillingSpoolFilling: { value: 0.5, colour: 'orange' },
  /** Share of the sampling ticks of one instance. */
  BillingSamplingLate: { value: 0.01, colour: 'orange' },
  /** Share of the usage samples that are already billed, over all instances. */
  BillingDuplicates: { value: 0.1, colour: 'orange' },
  /** Usage samples dropped in 5 minutes: the rule is `> 0`, and counts are integers. */
  BillingMetricsDropped: { value: 1, colour: 'red' },
  /** 1 while a log store is read-only: the rule is `== 1`. */
  LogStoreReadOnly: { value: 1, colour: 'orange' },
  /** Lines dropped in 5 minutes: the rule is `> 0`, and counts are integers. */
  LogStoreDroppingRows: { value: 1, colour: 'orange' },
  /** Lines of one service: the rule is `> 0`, and counts are integers. */
  LogLinesMissing: { value: 1, colour: 'orange' },
} as const satisfies Record<string, Threshold | Record<Service, Threshold>>;

/** Objectives of the guide's section 7, as upper limits: shares and seconds. */
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
