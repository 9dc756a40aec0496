/** A program that belongs to a part. */
export interface Program {
  /** Name of its file. */
  readonly name: string;
  /** Its name on PATH, if it is usually installed under another name. */
  readonly nameOnPath?: string;
}

/** How to build a part, independent of its version. */
export type Recipe = GoRecipe | MavenRecipe;

interface CommonRecipe {
  /** Name of the part, and of its folder under parts/. */
  readonly name: string;
  /** Its purpose in the stack. */
  readonly summary: string;
  readonly programs: readonly Program[];
  /** Start of the names of its variables in versions.env. */
  readonly variables: string;
  /** Approximate build time in minutes, on two idle cores with empty caches. */
  readonly minutes: number;
}

/** A part whose programs are compiled from a Go module. */
export interface GoRecipe extends CommonRecipe {
  /** The programs, with the Go package that each is built from. */
  readonly programs: readonly (Program & { readonly package: string })[];
  /** Module whose version is that of the part. */
  readonly module: string;
  /** Start of the paths of further modules that must have the version of the part. */
  readonly moduleFamily?: string;
  /** Go variable with the version of the program; the linker sets it. */
  readonly versionSymbol: string;
  /** What the linker sets it to, with `{version}` for the version. @default '{version}' */
  readonly versionStamp?: string;
  /** Go build tags. */
  readonly tags?: readonly string[];
  /**
   * Files that the module embeds and does not carry: file of the folder of the part by path in the module. A path that ends in
   * `.gz` or `.br` gets the file compressed. Such a part is built from a copy of the module, since the module cache cannot be
   * added to.
   */
  readonly additions?: Readonly<Record<string, string>>;
}

/**
 * A part of libraries from Maven Central. Its folder has a `pom.xml` that names them, `jars.sha256` with the checksum of each,
 * Java sources that are compiled against them, and its programs: scripts that start Java.
 */
export interface MavenRecipe extends CommonRecipe {
  /** Property of the `pom.xml` that has the version of the part. */
  readonly versionProperty: string;
  /** Oldest supported Java release. */
  readonly java: number;
  /** Whether only tests need it: without Java, it is then skipped when all parts are built. */
  readonly isForTests: boolean;
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
    // Without cloud service discovery, two thirds of the modules; file, static and HTTP discovery stay.
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
    // The web pages are compiled from Elm for a release and are not in the module.
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
    name: 'victorialogs',
    summary: 'keeps logs',
    programs: [
      {
        name: 'victoria-logs',
        package: 'github.com/VictoriaMetrics/VictoriaLogs/app/victoria-logs',
        nameOnPath: 'victoria-logs-prod',
      },
    ],
    variables: 'VICTORIALOGS',
    module: 'github.com/VictoriaMetrics/VictoriaLogs',
    versionSymbol: 'github.com/VictoriaMetrics/VictoriaMetrics/lib/buildinfo.Version',
    // The program prints the value bare, and its pages show the part from the `v` on.
    versionStamp: 'victoria-logs-version:v{version}',
    minutes: 1,
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
  {
    name: 'opensearch',
    summary: 'keeps and searches documents, for the test of what Fluentd sends',
    // Not the name of the published program: that has other flags and a security plugin.
    programs: [{ name: 'opensearch-node' }],
    variables: 'OPENSEARCH',
    versionProperty: 'opensearch.version',
    java: 17,
    isForTests: true,
    minutes: 1,
  },
] as const satisfies readonly Recipe[];

/** Name of a part. */
export type PartName = (typeof recipes)[number]['name'];

/** Name of a program of a part. */
export type ProgramName = (typeof recipes)[number]['programs'][number]['name'];
