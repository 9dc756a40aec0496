/** A program that belongs to a part. */
export interface Program {
  /** Name of its file. */
  readonly name: string;
  /** Go package that it is built from. */
  readonly package: string;
  /** Its name on PATH where people install it under another. */
  readonly nameOnPath?: string;
}

/** How a part is built from its Go module, whatever its version. */
export interface Recipe {
  /** Name of the part, and of its folder under parts/. */
  readonly name: string;
  /** What it does in the stack. */
  readonly summary: string;
  readonly programs: readonly Program[];
  /** Start of the names of its variables in versions.env. */
  readonly variables: string;
  /** Module whose version is that of the part. */
  readonly module: string;
  /** Start of the paths of further modules that must have the version of the part. */
  readonly moduleFamily?: string;
  /** Go variable that the program takes its version from; the linker sets it. */
  readonly versionSymbol: string;
  /** Go build tags. */
  readonly tags?: readonly string[];
  /**
   * Files that the module embeds and does not carry: file of the folder of the part by path in the module. A path that ends in
   * `.gz` or `.br` gets the file compressed. Such a part is built from a copy of the module, since the module cache cannot be
   * added to.
   */
  readonly additions?: Readonly<Record<string, string>>;
  /** About how long it takes to build on two cores with nothing else to do and an empty Go build cache, in minutes. */
  readonly minutes: number;
}

/** Every part, the most important first. */
export const recipes = [
  {
    name: 'prometheus',
    summary: 'collects metrics, evaluates rules',
    programs: [
      { name: 'prometheus', package: 'github.com/prometheus/prometheus/cmd/prometheus' },
      { name: 'promtool', package: 'github.com/prometheus/prometheus/cmd/promtool' },
    ],
    variables: 'PROMETHEUS',
    module: 'github.com/prometheus/prometheus',
    versionSymbol: 'github.com/prometheus/common/version.Version',
    // Discovery in clouds, two thirds of the modules: the stack has files, static and HTTP discovery, which stay.
    tags: ['remove_all_sd'],
    minutes: 3,
  },
  {
    name: 'alertmanager',
    summary: 'groups and delivers alerts',
    programs: [
      { name: 'alertmanager', package: 'github.com/prometheus/alertmanager/cmd/alertmanager' },
      { name: 'amtool', package: 'github.com/prometheus/alertmanager/cmd/amtool' },
    ],
    variables: 'ALERTMANAGER',
    module: 'github.com/prometheus/alertmanager',
    versionSymbol: 'github.com/prometheus/common/version.Version',
    // The web pages are compiled from Elm at a release and are not in the module.
    additions: { 'ui/app/dist/index.html.gz': 'index.html', 'ui/app/dist/index.html.br': 'index.html' },
    minutes: 2,
  },
  {
    name: 'node_exporter',
    summary: 'metrics of the host',
    programs: [{ name: 'node_exporter', package: 'github.com/prometheus/node_exporter' }],
    variables: 'NODE_EXPORTER',
    module: 'github.com/prometheus/node_exporter',
    versionSymbol: 'github.com/prometheus/common/version.Version',
    minutes: 1,
  },
  {
    name: 'otelcol',
    summary: 'receives traces and logs, passes them on',
    // On PATH only the contrib distribution has all components; a plain `otelcol` has not.
    programs: [{ name: 'otelcol', package: '.', nameOnPath: 'otelcol-contrib' }],
    variables: 'OTELCOL',
    module: 'go.opentelemetry.io/collector/otelcol',
    moduleFamily: 'github.com/open-telemetry/opentelemetry-collector-contrib/',
    versionSymbol: 'main.version',
    minutes: 3,
  },
  {
    name: 'loki',
    summary: 'keeps logs',
    programs: [{ name: 'loki', package: 'github.com/grafana/loki/v3/cmd/loki' }],
    variables: 'LOKI',
    module: 'github.com/grafana/loki/v3',
    versionSymbol: 'github.com/grafana/loki/v3/pkg/util/build.Version',
    tags: ['netgo'],
    minutes: 5,
  },
  {
    name: 'jaeger',
    summary: 'keeps traces',
    programs: [{ name: 'jaeger', package: 'github.com/jaegertracing/jaeger/cmd/jaeger' }],
    variables: 'JAEGER',
    module: 'github.com/jaegertracing/jaeger',
    versionSymbol: 'github.com/jaegertracing/jaeger/internal/version.latestVersion',
    minutes: 4,
  },
] as const satisfies readonly Recipe[];

/** Name of a part. */
export type PartName = (typeof recipes)[number]['name'];

/** Name of a program of a part. */
export type ProgramName = (typeof recipes)[number]['programs'][number]['name'];
