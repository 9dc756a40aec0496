#!/usr/bin/env node
import { runCommand } from '@vmobs/settings';
import packageJson from '../../package.json' with { type: 'json' };
import { partsSettings } from './config.ts';
import { runParts } from './run-parts.ts';

await runCommand({
  name: 'parts',
  version: packageJson.version,
  summary:
    'Builds the programs of the monitoring stack (Prometheus, Alertmanager, node_exporter, OpenTelemetry Collector, VictoriaLogs, Jaeger) from their Go modules, for use without Docker; and OpenSearch, which a test needs, from Maven Central. Programs that are already there are not built again.',
  settings: partsSettings,
  prefixes: [],
  main: runParts,
});
