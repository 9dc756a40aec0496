import type { Catalogue } from './catalogue.ts';

/**
 * Defines the metrics that Prometheus client libraries agree on for a process, and what a Node process adds. All are
 * read at the scrape, from counters that the system keeps anyway.
 */
export function defineProcessMetrics(catalogue: Catalogue): void {
  const startTime = Date.now() / 1_000 - process.uptime();

  catalogue.observed({
    type: 'counter',
    name: 'process_cpu_seconds_total',
    help: 'User and system CPU time spent by the process, in seconds.',
    read: processCpuSeconds,
  });
  catalogue.observed({
    type: 'gauge',
    name: 'process_resident_memory_bytes',
    help: 'Resident memory of the process, in bytes.',
    read: () => process.memoryUsage.rss(),
  });
  catalogue.observed({
    type: 'gauge',
    name: 'process_start_time_seconds',
    help: 'Unix time at which the process started, in seconds.',
    read: () => startTime,
  });
  catalogue.observed({
    type: 'gauge',
    name: 'nodejs_heap_size_used_bytes',
    help: 'Memory used by JavaScript objects, in bytes.',
    read: () => process.memoryUsage().heapUsed,
  });
  catalogue.observed({
    type: 'gauge',
    name: 'nodejs_version_info',
    help: 'Version of Node.js; the value is always 1.',
    labels: { version: [process.version] },
    read: () => [[{ version: process.version }, 1]],
  });
}

/** User and system CPU time of this process in seconds. */
export function processCpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}
