import type { IConfiguration } from 'dependency-cruiser';

/*
 * Which way imports may point; `pnpm check:arrows` fails on any other. ARCHITECTURE.md draws the same picture.
 */

const testCode = '[.]test[.]ts$';

/** One arrow that must not be. */
function forbid(name: string, comment: string, from: object, to: object) {
  return { name, comment, severity: 'error' as const, from, to };
}

export default {
  forbidden: [
    forbid('resolves', 'What is imported is there and is declared.', {}, { couldNotResolve: true }),
    forbid('no-cycles', 'Data flows one way.', {}, { circular: true }),
    forbid(
      'telemetry-stands-alone',
      'Any Node service can import it; it knows nothing of VMs.',
      { path: '^packages/telemetry/' },
      { path: '^packages/(?!telemetry/)' },
    ),
    forbid(
      'faults-know-no-service',
      'Each service has them, beside those of its own.',
      { path: '^packages/faults/' },
      { path: '^packages/(?!faults/|telemetry/)' },
    ),
    forbid('wire-stands-alone', 'It is generated.', { path: '^packages/wire/' }, { path: '^packages/(?!wire/)' }),
    forbid(
      'simulators-do-not-know-each-other',
      'They meet on the wire, as the real services do.',
      { path: '^packages/(metald|billaged)-sim/' },
      { path: '^packages/(?!faults/|telemetry/|wire/)', pathNot: '^packages/$1-sim/' },
    ),
    forbid(
      'monitoring-knows-no-service',
      'It reads what they say of themselves; lab brings the two together.',
      { path: '^packages/monitoring/' },
      { path: '^packages/(?!monitoring/|telemetry/|wire/)' },
    ),
    forbid(
      'packages-do-not-know-tests',
      'Tests, benches and tools are on the outside.',
      { path: '^packages/' },
      { path: '^(test|bench|tools)/' },
    ),
    forbid(
      'by-name-across-packages',
      'A package is imported by its name, through its exports.',
      { path: '^(packages/[^/]+|test|bench|tools)/' },
      { path: '^packages/', pathNot: '^$1/', dependencyTypes: ['local'] },
    ),
    forbid(
      'sdk-in-one-file',
      'A new line of the OpenTelemetry SDK changes this file alone.',
      { path: '^packages/', pathNot: ['^packages/telemetry/src/traces/sdk[.]ts$', testCode] },
      { path: 'node_modules/@opentelemetry/(?!api/|semantic-conventions/)' },
    ),
    forbid(
      'prom-client-in-one-file',
      'Whatever holds the instruments can be changed in this file.',
      { path: '^packages/', pathNot: ['^packages/telemetry/src/metrics/prom-client[.]ts$', testCode] },
      { path: 'node_modules/prom-client/' },
    ),
    forbid(
      'fleet-first',
      'The way of a sample: fleet, billing, then the API on top.',
      { path: '^packages/metald-sim/src/fleet/' },
      { path: '^packages/metald-sim/src/(?!fleet/)' },
    ),
    forbid(
      'billing-second',
      'The way of a sample: fleet, billing, then the API on top.',
      { path: '^packages/metald-sim/src/billing/' },
      { path: '^packages/metald-sim/src/(rpc/|app[.]ts|main[.]ts)' },
    ),
    forbid(
      'ledger-first',
      'The ledger is what the rest of billaged stands on.',
      { path: '^packages/billaged-sim/src/ledger/' },
      { path: '^packages/billaged-sim/src/(?!ledger/)' },
    ),
    forbid(
      'aggregation-second',
      'It reads the ledger; the API reads both.',
      { path: '^packages/billaged-sim/src/aggregation/' },
      { path: '^packages/billaged-sim/src/(rpc/|http/|app[.]ts|main[.]ts)' },
    ),
  ],
  options: {
    // Programs of others, and what is built from the sources that are looked at.
    exclude: { path: ['^bench/peers/', '^packages/[^/]+/dist/'] },
    doNotFollow: { path: ['node_modules', '^packages/wire/src/gen/'] },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'types', 'default'] },
  },
} satisfies IConfiguration;
