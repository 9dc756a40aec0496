import type { Catalogue } from '../metrics/catalogue.ts';
import type { BoundCounter } from '../metrics/counter.ts';
import { type RpcCode, rpcCodes, serverFaultCodes } from './rpc-codes.ts';

/** The used part of a generated service descriptor. */
export interface RpcService {
  /** Such as `vmprovisioner.v1.VmService`. */
  readonly typeName: string;
  readonly methods: readonly { readonly name: string }[];
}

/** The RPCs of a server and the prefix of their metrics. */
export interface RpcMetricsOptions {
  readonly services: readonly RpcService[];
  /** Such as `metald_api`, for `metald_api_requests_total` and its siblings. */
  readonly metricsPrefix: string;
}

/** Records one RPC that has ended. @param isFault whether the server is at fault */
export type RpcRecorder = (code: RpcCode, seconds: number, isFault: boolean) => void;

/**
 * Defines the metrics of the RPCs of a server; every method and code exists at zero from the first scrape.
 *
 * @returns a function that makes the recorder of a method, for the caller to keep.
 */
export function defineRpcMetrics(
  catalogue: Catalogue,
  { services, metricsPrefix }: RpcMetricsOptions,
): (method: string) => RpcRecorder {
  const methods = services.flatMap((service) => service.methods.map(({ name }) => name));
  const requests = catalogue.counter({
    name: `${metricsPrefix}_requests_total`,
    help: 'RPCs that have ended, by method and Connect code.',
    labels: { method: methods, code: rpcCodes },
  });
  const errors = catalogue.counter({
    name: `${metricsPrefix}_errors_total`,
    help: 'RPCs that ended with a code that is a fault of the server, by method and Connect code.',
    labels: { method: methods, code: serverFaultCodes },
    exemplars: true,
  });
  const duration = catalogue.histogram({
    name: `${metricsPrefix}_duration_seconds`,
    help: 'Time from the arrival of an RPC to the end of its response, in seconds.',
    labels: { method: methods },
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    reasonForBuckets:
      'The latency objective is 0.5 s. Edges below it show local calls of milliseconds, edges above it boots of seconds.',
  });

  return (method) => {
    const requestsOf = new Map<RpcCode, BoundCounter>(
      rpcCodes.map((code) => [code, requests.labels({ method, code })]),
    );
    const errorsOf = new Map<RpcCode, BoundCounter>(
      serverFaultCodes.map((code) => [code, errors.labels({ method, code })]),
    );
    const series = duration.labels({ method });
    return (code, seconds, isFault) => {
      requestsOf.get(code)?.inc();
      if (isFault) errorsOf.get(code)?.inc();
      series.observe(seconds);
    };
  };
}
