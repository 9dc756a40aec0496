import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import { createMetricsHandler, registrySource } from '@vmobs/telemetry';
import { Gauge, Registry } from 'prom-client';
import { Bench } from 'tinybench';

const seriesCounts = [1_000, 10_000];

/**
 * Time of one scrape over HTTP of one gauge with many series: as prom-client serves its own registry, as this project
 * serves that same registry, and as this project serves values that it reads from an array.
 */
export async function benchExposition(): Promise<void> {
  for (const count of seriesCounts) {
    const registry = registryWith(count);
    const ids = Array.from({ length: count }, (_, index) => `ud-${index.toString(16).padStart(16, '0')}`);
    const values = Float64Array.from(ids, (_, index) => index / 3);
    const onError = (error: Error) => {
      throw error;
    };
    const readArray = () => [
      {
        name: 'usage',
        help: 'Usage of a VM.',
        type: 'gauge' as const,
        samples: ids.map((vm_id, index) => ({
          name: 'usage',
          labels: { vm_id, op: 'read' },
          value: values[index] ?? 0,
        })),
      },
    ];
    await compare(count, {
      'prom-client': async (_request, response) => {
        response.end(await registry.metrics());
      },
      'vmobs, prom-client registry': createMetricsHandler({ sources: [registrySource(registry)], onError }),
      'vmobs, read from an array': createMetricsHandler({ sources: [readArray], onError }),
    });
  }
}

function registryWith(count: number): Registry {
  const registry = new Registry();
  const labelNames = ['vm_id', 'op'];
  const gauge = new Gauge({ name: 'usage', help: 'Usage of a VM.', labelNames, registers: [registry] });
  for (let index = 0; index < count; index += 1) {
    gauge.set({ vm_id: `ud-${index.toString(16).padStart(16, '0')}`, op: 'read' }, index / 3);
  }
  return registry;
}

async function compare(count: number, subjects: Readonly<Record<string, RequestListener>>): Promise<void> {
  const bench = new Bench({ time: 2_000, warmupTime: 500 });
  const servers = await Promise.all(Object.entries(subjects).map(([name, listener]) => startServer(name, listener)));
  for (const { name, url } of servers) {
    bench.add(name, async () => {
      const response = await fetch(url);
      await response.text();
    });
  }
  await bench.run();
  for (const { server } of servers) {
    server.close();
    server.closeAllConnections();
  }

  const medianOf = (task: (typeof bench.tasks)[number]) =>
    'latency' in task.result ? task.result.latency : { p50: Number.NaN, p75: Number.NaN, min: Number.NaN };
  const [peer] = bench.tasks;
  const rows = bench.tasks.map((task) => {
    const { min, p50, p75 } = medianOf(task);
    return {
      series: count,
      served: task.name,
      'median ms': p50.toFixed(2),
      'min ms': min.toFixed(2),
      'p75 ms': p75.toFixed(2),
      'times faster': peer === undefined ? '' : (medianOf(peer).p50 / p50).toFixed(1),
    };
  });
  process.stdout.write(`${formatTable(rows)}\n`);
}

async function startServer(name: string, listener: RequestListener) {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new TypeError('listens on no port');
  return { name, server, url: `http://127.0.0.1:${address.port}/metrics` };
}

function formatTable(rows: readonly Readonly<Record<string, string | number>>[]): string {
  const columns = Object.keys(rows[0] ?? {});
  const cells = [columns, ...rows.map((row) => columns.map((column) => String(row[column])))];
  const widths = columns.map((_, index) => Math.max(...cells.map((row) => row[index]?.length ?? 0)));
  const writeRow = (row: readonly string[]) => row.map((cell, index) => cell.padEnd(widths[index] ?? 0)).join('  ');
  return cells.map((row) => writeRow(row).trimEnd()).join('\n');
}
