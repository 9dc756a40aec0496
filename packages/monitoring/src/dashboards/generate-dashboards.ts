import { billagedBilling } from './billaged-billing.ts';
import { metaldOperations } from './metald-operations.ts';
import { monitoringStack } from './monitoring-stack.ts';

/** The folder that Grafana's provisioning reads, from the root of the repository. */
const folder = 'compose/grafana/dashboards';

/** Every dashboard as a file: path from the root of the repository, and content. Deterministic. */
export function generateDashboards(): Map<string, string> {
  const dashboards = [metaldOperations(), billagedBilling(), monitoringStack()];
  return new Map(dashboards.map((dashboard) => [`${folder}/${dashboard.uid}.json`, toJson(dashboard)]));
}

/** JSON with sorted keys, as Grafana exports it, so that the SDK's order of keys does not matter. */
function toJson(value: unknown): string {
  return `${JSON.stringify(sortKeys(value), null, 2)}\n`;
}

function sortKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortKeys);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, inner]) => [key, sortKeys(inner)]),
  );
}
