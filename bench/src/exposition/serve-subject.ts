import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { createFleet, type SubjectMaker } from './fleet.ts';

/*
 * A process that serves the metrics of a fleet: `node serve-subject.ts <subject> <series>`. It is controlled over HTTP, like
 * the Go program:
 *
 *   /metrics             the page
 *   /change?share=0.1    gives new values to a share of the VMs; answers with the CPU seconds used
 *   /begin               starts a measurement
 *   /end                 answers with the CPU seconds since then, and the longest stall of the event loop
 */

/** Only the chosen one is loaded, so that none carries the modules of the others. */
const makers: Readonly<Record<string, () => Promise<SubjectMaker>>> = {
  ours: async () => (await import('./series-table-subject.ts')).makeSeriesTableSubject,
  'prom-client': async () => (await import('./prom-client-subject.ts')).makePromClientSubject,
  '@prometheus-io/client': async () => (await import('./prom-client-subject.ts')).makePrometheusIoClientSubject,
  opentelemetry: async () => (await import('./opentelemetry-subject.ts')).makeOpenTelemetrySubject,
  'constant-buffer': async () => (await import('./constant-buffer-subject.ts')).makeConstantBufferSubject,
};

/** Sampling interval of the event loop delay in milliseconds; it does not count as delay. */
const resolution = 1;

const [name = '', series = ''] = process.argv.slice(2);
const load = makers[name];
if (load === undefined) throw new Error(`unknown subject ${name}; allowed: ${Object.keys(makers).join(', ')}`);
const fleet = createFleet(Number(series));
const makeSubject = await load();
const subject = await makeSubject(fleet);

const cpuSeconds = (since?: NodeJS.CpuUsage) => {
  const { user, system } = process.cpuUsage(since);
  return (user + system) / 1e6;
};
let begun = process.cpuUsage();
let delays = monitorEventLoopDelay({ resolution });

const controls: Readonly<Record<string, (query: URLSearchParams) => object>> = {
  '/change'(query) {
    const before = process.cpuUsage();
    fleet.change(Number(query.get('share')), (vm) => subject.update(vm));
    return { cpuSeconds: cpuSeconds(before) };
  },
  '/begin'() {
    delays = monitorEventLoopDelay({ resolution });
    delays.enable();
    begun = process.cpuUsage();
    return {};
  },
  '/end'() {
    const used = cpuSeconds(begun);
    delays.disable();
    return { cpuSeconds: used, stallSeconds: Math.max(0, delays.max / 1e9 - resolution / 1e3) };
  },
};

const listener: RequestListener = (request, response) => {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://localhost');
  const control = controls[pathname];
  if (control === undefined) subject.serve(request, response);
  else response.end(JSON.stringify(control(searchParams)));
};
const server = createServer(listener).listen(0, '127.0.0.1');
await once(server, 'listening');
process.stdout.write(`${JSON.stringify(server.address())}\n`);
