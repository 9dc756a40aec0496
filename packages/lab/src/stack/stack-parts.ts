/** The parts of the monitoring stack that run as plain processes, in start order. */
export const stackParts = [
  'alertmanager',
  'victoria-logs',
  'jaeger',
  'otelcol',
  'node_exporter',
  'prometheus',
] as const;
export type StackPart = (typeof stackParts)[number];

/** Configuration and data folders of a part, and the mapping of ports. */
export interface Place {
  /** Folder of its configuration; empty if it has none. */
  readonly config: string;
  readonly data: string;
  /** Address on this host for one of the usual ports. */
  readonly at: (port: number) => string;
  /** Number on this host for one of the usual ports. */
  readonly portOf: (port: number) => number;
  /** A second configuration file of the collector. @default none */
  readonly collectorConfig?: string | undefined;
}

/** How a part is run on this host. */
export interface PartCommand {
  /** Name of its container, if it is not the name of the part. */
  readonly container?: string;
  /** Its folder under compose/, if it has a configuration. */
  readonly folder?: string;
  /** Ports that it opens; they do not collide with those of other parts. */
  readonly ports: readonly number[];
  /** The port that others use. */
  readonly mainPort: number;
  /** Port and path for browsers: its pages, or its API if it is built without pages. */
  readonly page: readonly [port: number, path: string];
  /** Port and path that answer with a success status once it is ready. */
  readonly ready: readonly [port: number, path: string];
  readonly flags: (place: Place) => string[];
}

/** How each part is run. */
export const partCommands: Readonly<Record<StackPart, PartCommand>> = {
  alertmanager: {
    folder: 'alertmanager',
    ports: [9093],
    mainPort: 9093,
    page: [9093, '/'],
    ready: [9093, '/-/ready'],
    flags: ({ config, data, at }) => [
      `--config.file=${config}/alertmanager.yml`,
      `--storage.path=${data}`,
      '--data.maintenance-interval=1m',
      `--web.listen-address=${at(9093)}`,
      // A single instance without a cluster.
      '--cluster.listen-address=',
    ],
  },
  'victoria-logs': {
    container: 'victorialogs',
    ports: [9428],
    mainPort: 9428,
    page: [9428, '/select/vmui/'],
    ready: [9428, '/health'],
    // The flags of compose/monitoring.yaml; it has no configuration file.
    flags: ({ data, at }) => [
      `-storageDataPath=${data}`,
      `-httpListenAddr=${at(9428)}`,
      '-retentionPeriod=3d',
      '-retention.maxDiskSpaceUsageBytes=1GiB',
      '-memory.allowedBytes=64MiB',
      '-inmemoryDataFlushInterval=1s',
      '-insert.maxLineSizeBytes=2MiB',
      '-http.disableCORS',
      '-loggerLevel=WARN',
    ],
  },
  jaeger: {
    folder: 'jaeger',
    ports: [16686, 16685, 14317, 14318, 13134, 8887],
    mainPort: 16686,
    page: [16686, '/api/services'],
    ready: [13134, '/status'],
    flags: ({ config }) => [`--config=${config}/jaeger.yml`],
  },
  otelcol: {
    container: 'otel-collector',
    folder: 'otel-collector',
    ports: [4317, 4318, 8888, 8889, 13133],
    mainPort: 4318,
    page: [8888, '/metrics'],
    ready: [13133, '/'],
    flags: ({ config, collectorConfig }) => [
      `--config=${config}/otel-collector.yml`,
      ...(collectorConfig === undefined ? [] : [`--config=${config}/${collectorConfig}`]),
      '--feature-gates=stanza.synchronousLogEmitter',
    ],
  },
  node_exporter: {
    container: 'node-exporter',
    ports: [9100],
    mainPort: 9100,
    page: [9100, '/'],
    ready: [9100, '/'],
    flags: ({ at }) => [`--web.listen-address=${at(9100)}`],
  },
  prometheus: {
    folder: 'prometheus',
    ports: [9090],
    mainPort: 9090,
    page: [9090, '/api/v1/alerts'],
    ready: [9090, '/-/ready'],
    flags: ({ config, data, at }) => [
      `--config.file=${config}/prometheus.yml`,
      `--storage.tsdb.path=${data}`,
      `--web.listen-address=${at(9090)}`,
      '--web.cors.origin=none',
      '--enable-feature=exemplar-storage',
    ],
  },
};
