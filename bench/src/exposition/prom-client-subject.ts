import type { ServerResponse } from 'node:http';
import * as prometheusClient from '@prometheus-io/client';
import * as promClient from 'prom-client';
import { type Fleet, metrics, type Subject, type SubjectMaker } from './fleet.ts';

/** A registry of prom-client's kind, and how the parts of it that hold one VM are set. */
interface Instruments {
  readonly registry: { metrics(): Promise<string>; readonly contentType: string };
  /** Makes what sets the values of a VM. Children are kept, which is the fastest way that these clients have. */
  readonly bind: (vm_id: string) => {
    readonly cpu: { set(value: number): void };
    readonly memory: { set(value: number): void };
    readonly read: { inc(amount: number): void };
    readonly written: { inc(amount: number): void };
  };
}

/** prom-client, served as its README does. */
export const makePromClientSubject: SubjectMaker = (fleet) => {
  const registry = new promClient.Registry();
  const registers = [registry];
  const cpu = new promClient.Gauge({ ...metrics.cpu, labelNames: ['vm_id'], registers });
  const memory = new promClient.Gauge({ ...metrics.memory, labelNames: ['vm_id'], registers });
  const io = new promClient.Counter({ ...metrics.io, labelNames: ['vm_id', 'op'], registers });
  return serveRegistry(fleet, {
    registry,
    bind: (vm_id) => ({
      cpu: cpu.labels({ vm_id }),
      memory: memory.labels({ vm_id }),
      read: io.labels({ vm_id, op: 'read' }),
      written: io.labels({ vm_id, op: 'write' }),
    }),
  });
};

/** Its successor, in the same way. */
export const makePrometheusIoClientSubject: SubjectMaker = (fleet) => {
  const registry = new prometheusClient.Registry();
  const registers = [registry];
  const cpu = new prometheusClient.Gauge({ ...metrics.cpu, labelNames: ['vm_id'], registers });
  const memory = new prometheusClient.Gauge({ ...metrics.memory, labelNames: ['vm_id'], registers });
  const io = new prometheusClient.Counter({ ...metrics.io, labelNames: ['vm_id', 'op'], registers });
  return serveRegistry(fleet, {
    registry,
    bind: (vm_id) => ({
      cpu: cpu.labels({ vm_id }),
      memory: memory.labels({ vm_id }),
      read: io.labels({ vm_id, op: 'read' }),
      written: io.labels({ vm_id, op: 'write' }),
    }),
  });
};

function serveRegistry(fleet: Fleet, { registry, bind }: Instruments): Subject {
  const children = fleet.ids.map(bind);
  for (const [vm, { cpu, memory, read, written }] of children.entries()) {
    cpu.set(fleet.cpu[vm] ?? 0);
    memory.set(fleet.memory[vm] ?? 0);
    read.inc(fleet.read[vm] ?? 0);
    written.inc(fleet.written[vm] ?? 0);
  }
  async function send(response: ServerResponse): Promise<void> {
    response.setHeader('content-type', registry.contentType);
    response.end(await registry.metrics());
  }
  return {
    serve: (_request, response) => void send(response),
    update(vm) {
      const child = children[vm];
      child?.cpu.set(fleet.cpu[vm] ?? 0);
      child?.memory.set(fleet.memory[vm] ?? 0);
      child?.read.inc(fleet.readGrowth[vm] ?? 0);
      child?.written.inc(fleet.writtenGrowth[vm] ?? 0);
    },
  };
}
