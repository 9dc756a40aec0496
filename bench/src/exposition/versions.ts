import { readFile } from 'node:fs/promises';
import { findPackageJSON } from 'node:module';

const peers = [
  'prom-client',
  '@prometheus-io/client',
  '@opentelemetry/exporter-prometheus',
  '@opentelemetry/sdk-metrics',
];

/** The peers that come from npm with the versions that are installed, `prom-client 15.1.3`. */
export async function peerVersions(): Promise<string[]> {
  return Promise.all(
    peers.map(async (name) => {
      const path = findPackageJSON(name, import.meta.url);
      if (path === undefined) throw new Error(`${name} is not installed; run pnpm install`);
      const { version }: { version: string } = JSON.parse(await readFile(path, 'utf8'));
      return `${name} ${version}`;
    }),
  );
}
