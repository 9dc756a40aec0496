/** The parts of the monitoring stack that run as plain processes, in the order in which they are started. */
export const stackParts = ['alertmanager', 'loki', 'jaeger', 'otelcol', 'node_exporter', 'prometheus'] as const;
export type StackPart = (typeof stackParts)[number];

/** Where a part finds its configuration and keeps its data, and how ports are moved. */
export interface Place {
  /** Folder of its configuration; empty for a part that has none. */
  readonly config: string;
  readonly data: string;
  /** Address on this host for one of the usual ports. */
  readonly at: (port: number) => string;
  /** Number on this host for one of the usual ports. */
  readonly portOf: (port: number) => number;
  /** Whether the collector chooses the traces that are kept. */
  readonly tailSampling: boolean;
}

/** How a part is run on this host. */
export interface PartCommand {
  /** Name of its container, where that is not the name of the part. */
  readonly container?: string;
  /** Its folder under compose/, if it has a configuration. */
  readonly folder?: string;
  /** Ports that it opens; every one of them is free on a host where the others run. */
  readonly ports: readonly number[];
  /** The port that people look at. */
  readonly mainPort: number;
  /** Port and path that answer with success once it is ready. */
  readonly ready: readonly [port: number, path: string];
  readonly flags: (place: Place) => string[];
}

/** How each part is run. */
export const partCommands: Readonly<Record<StackPart, PartCommand>> = {
  alertmanager: {
    folder: 'alertmanager',
    ports: [9093],
    mainPort: 9093,
    ready: [9093, '/-/ready'],
    flags: ({ config, data, at }) => [
      `--config.file=${config}/alertmanager.yml`,
      `--storage.path=${data}`,
      '--data.maintenance-interval=1m',
      `--web.listen-address=${at(9093)}`,
      // One instance: no cluster to talk to.
      '--cluster.listen-address=',
    ],
  },
  loki: {
    folder: 'loki',
    ports: [3100, 9096],
    mainPort: 3100,
    ready: [3100, '/ready'],
    flags: ({ config, portOf }) => [
      `-config.file=${config}/loki.yml`,
      '-server.http-listen-address=127.0.0.1',
      `-server.http-listen-port=${portOf(3100)}`,
      '-server.grpc-listen-address=127.0.0.1',
      `-server.grpc-listen-port=${portOf(9096)}`,
    ],
  },
  jaeger: {
    folder: 'jaeger',
    ports: [16686, 16685, 14317, 14318, 13134, 8887],
    mainPort: 16686,
    ready: [13134, '/status'],
    flags: ({ config }) => [`--config=${config}/jaeger.yml`],
  },
  otelcol: {
    container: 'otel-collector',
    folder: 'otel-collector',
    ports: [4317, 4318, 8888, 8889, 13133],
    mainPort: 4318,
    ready: [13133, '/'],
    flags: ({ config, tailSampling }) => [
      `--config=${config}/otel-collector.yml`,
      ...(tailSampling ? [`--config=${config}/tail-sampling.yml`] : []),
      '--feature-gates=stanza.synchronousLogEmitter',
    ],
  },
  node_exporter: {
    container: 'node-exporter',
    ports: [9100],
    mainPort: 9100,
    ready: [9100, '/'],
    flags: ({ at }) => [`--web.listen-address=${at(9100)}`],
  },
  prometheus: {
    folder: 'prometheus',
    ports: [9090],
    mainPort: 9090,
    ready: [9090, '/-/ready'],
    flags: ({ config, data, at }) => [
      `--config.file=${config}/prometheus.yml`,
      `--storage.tsdb.path=${data}`,
      `--web.listen-address=${at(9090)}`,
      '--enable-feature=exemplar-storage',
    ],
  },
};
