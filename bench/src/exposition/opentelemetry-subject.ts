import { PrometheusExporter } from '@opentelemetry/exporter-prometheus';
import { MeterProvider } from '@opentelemetry/sdk-metrics';
import { metrics, type SubjectMaker } from './fleet.ts';

/** OpenTelemetry's metrics with its Prometheus exporter. Its limit of 2000 series a metric is raised to what is needed. */
export const makeOpenTelemetrySubject: SubjectMaker = (fleet) => {
  // No labels of the scope, which would make its lines longer than those of the others.
  const exporter = new PrometheusExporter({
    preventServerStart: true,
    withoutScopeInfo: true,
    withoutTargetInfo: true,
  });
  const provider = new MeterProvider({
    readers: [exporter],
    views: [{ instrumentName: '*', aggregationCardinalityLimit: fleet.ids.length * 2 + 1 }],
  });
  const meter = provider.getMeter('bench');
  const cpu = meter.createGauge(metrics.cpu.name, { description: metrics.cpu.help });
  const memory = meter.createGauge(metrics.memory.name, { description: metrics.memory.help });
  const io = meter.createCounter(metrics.io.name, { description: metrics.io.help });
  const attributes = fleet.ids.map((vm_id) => ({
    vm: { vm_id },
    read: { vm_id, op: 'read' },
    written: { vm_id, op: 'write' },
  }));
  const record = (vm: number, read: number, written: number) => {
    const sets = attributes[vm];
    if (sets === undefined) return;
    cpu.record(fleet.cpu[vm] ?? 0, sets.vm);
    memory.record(fleet.memory[vm] ?? 0, sets.vm);
    io.add(read, sets.read);
    io.add(written, sets.written);
  };
  for (let vm = 0; vm < attributes.length; vm += 1) record(vm, fleet.read[vm] ?? 0, fleet.written[vm] ?? 0);
  return {
    serve: (request, response) => exporter.getMetricsRequestHandler(request, response),
    update: (vm) => record(vm, fleet.readGrowth[vm] ?? 0, fleet.writtenGrowth[vm] ?? 0),
  };
};
