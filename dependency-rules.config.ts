import type { IConfiguration } from 'dependency-cruiser';

/*
 * Which way imports may point; `pnpm check:arrows` fails on any other. ARCHITECTURE.md draws the same picture.
 */

const testCode = '[.]test[.]ts$';

/** Code that only tests import, beside what it helps to test. */
const testHelpers = '/testing(/|[.]ts$)';

/** One arrow that must not be. */
function forbid(name: string, comment: string, from: object, to: object) {
  return { name, comment, severity: 'error' as const, from, to };
}

export default {
  forbidden: [
    forbid('resolves', 'What is imported is there and is declared.', {}, { couldNotResolve: true }),
    forbid('no-cycles', 'Data flows one way.', {}, { circular: true }),
    forbid(
      'settings-stand-alone',
      'Every command has them, and it starts with them alone.',
      { path: '^packages/settings/' },
      { path: '^packages/(?!settings/)' },
    ),
    forbid(
      'telemetry-stands-on-settings-alone',
      'Any Node service can import it; it knows nothing of VMs.',
      { path: '^packages/telemetry/' },
      { path: '^packages/(?!telemetry/|settings/)' },
    ),
    forbid(
      'faults-know-no-service',
      'Each service has them, beside those of its own.',
      { path: '^packages/faults/' },
      { path: '^packages/(?!faults/|telemetry/|settings/|testing/)' },
    ),
    forbid('wire-stands-alone', 'Both services have it.', { path: '^packages/wire/' }, { path: '^packages/(?!wire/)' }),
    forbid(
      'simulators-do-not-know-each-other',
      'They meet on the wire, as the real services do.',
      { path: '^packages/(metald|billaged)-sim/' },
      { path: '^packages/(?!faults/|telemetry/|settings/|testing/|wire/)', pathNot: '^packages/$1-sim/' },
    ),
    forbid(
      'monitoring-knows-no-service',
      'It reads what they say of themselves; tools generates from it.',
      { path: '^packages/monitoring/' },
      { path: '^packages/(?!monitoring/|telemetry/|settings/|wire/)' },
    ),
    forbid(
      'testing-stands-alone',
      'Tests of any package can use it.',
      { path: '^packages/testing/' },
      { path: '^packages/(?!testing/)' },
    ),
    forbid(
      'testing-in-tests-only',
      'No service is installed with it.',
      { path: '^packages/', pathNot: ['^packages/testing/', '/testing/', testCode] },
      { path: '^packages/testing/' },
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
      'public-connect-only',
      'These parts of Connect are private and may change in any version (docs/decisions/0019).',
      { path: '^(packages|test|bench|tools)/', pathNot: testCode },
      { path: 'node_modules/@connectrpc/connect/dist/(esm|cjs)/protocol' },
    ),
    forbid(
      'exposition-first',
      'In telemetry, the page only needs deadlines; definitions, tables and the catalogue stand on it.',
      { path: '^packages/telemetry/src/exposition/', pathNot: [testCode, testHelpers] },
      { path: '^packages/telemetry/src/(?!exposition/|deadlines/)' },
    ),
    forbid(
      'definitions-second',
      'What tables and the catalogue have in common.',
      { path: '^packages/telemetry/src/definitions/', pathNot: [testCode, testHelpers] },
      { path: '^packages/telemetry/src/(?!exposition/|definitions/)' },
    ),
    forbid(
      'series-table-third',
      'A table works without a catalogue; a catalogue has tables.',
      { path: '^packages/telemetry/src/series-table/', pathNot: [testCode, testHelpers] },
      { path: '^packages/telemetry/src/(?!exposition/|definitions/|series-table/)' },
    ),
    forbid(
      'metrics-fourth',
      'The catalogue does not know who counts in it.',
      { path: '^packages/telemetry/src/metrics/', pathNot: [testCode, testHelpers] },
      { path: '^packages/telemetry/src/(?!exposition/|definitions/|series-table/|metrics/)' },
    ),
    forbid(
      'requests-know-no-server',
      'Fastify, node:http and Connect use what is recorded of a call, not the other way round.',
      { path: '^packages/telemetry/src/requests/', pathNot: [testCode, testHelpers] },
      { path: '^packages/telemetry/src/(fastify|node-http|connect|connect-fastify|http|fetch)/' },
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
