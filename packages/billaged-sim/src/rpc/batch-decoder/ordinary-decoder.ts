import type { SampleColumns } from '../../ledger/sample-columns.ts';
import { ordinaryBatchModule } from './ordinary-batch-module.ts';
import { readText } from './read-text.ts';
import type { ReceivedBatch } from './received-batch.ts';

/**
 * Makes the decoder of bodies as every encoder writes them; `assembly/ordinary-batch.ts` says what that is, and is what
 * runs here as WebAssembly. It gives `undefined` for any other body, and for more samples than are kept.
 *
 * @param capacity most samples that are kept of a batch
 * @throws WireFormatError when an id is not UTF-8
 */
export function createOrdinaryDecoder(capacity: number): (body: Buffer) => ReceivedBatch | undefined {
  const { memory, read, mostSamples, mostBytes, bodyAt, idsAt, secondsAt, nanosAt, amountsAt } = instantiate();
  const mostRows = Math.min(capacity, mostSamples);
  const column = (index: number) => new Float64Array(memory, amountsAt + index * 8 * mostSamples, mostRows);
  const samples: SampleColumns = {
    length: 0,
    seconds: new Float64Array(memory, secondsAt, mostRows),
    nanos: new Int32Array(memory, nanosAt, mostRows),
    cpuNanos: column(0),
    memoryBytes: column(1),
    diskReadBytes: column(2),
    diskWriteBytes: column(3),
    networkRxBytes: column(4),
    networkTxBytes: column(5),
  };
  const room = new Uint8Array(memory, bodyAt, mostBytes);
  // Where they begin and end: that of the VM, then that of the customer.
  const ids = new Uint32Array(memory, idsAt, 4);

  return (body) => {
    if (body.length > mostBytes) return undefined;
    room.set(body);
    const rows = read(body.length, mostRows);
    if (rows < 0) return undefined;
    samples.length = rows;
    return {
      vmId: readText(body, ids[0] ?? 0, ids[1] ?? 0),
      customerId: readText(body, ids[2] ?? 0, ids[3] ?? 0),
      sampleCount: rows,
      samples,
      isChecked: true,
    };
  };
}

/** Starts the module, with memory of its own, and takes what it exports apart. */
function instantiate() {
  const bytes = Buffer.from(ordinaryBatchModule, 'base64');
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes));
  const { memory, read } = exports;
  if (!(memory instanceof WebAssembly.Memory) || typeof read !== 'function') throw new TypeError('not this module');
  const number = (name: string) => {
    const exported = exports[name];
    if (exported instanceof WebAssembly.Global && typeof exported.value === 'number') return exported.value;
    throw new TypeError(`the module has no number ${name}`);
  };
  return {
    memory: memory.buffer,
    /** Reads a body of so many bytes into at most so many rows. @returns how many; below zero when it is not ordinary */
    read: (length: number, capacity: number): number => read(length, capacity),
    mostSamples: number('mostSamples'),
    mostBytes: number('mostBytes'),
    bodyAt: number('bodyAt'),
    idsAt: number('idsAt'),
    secondsAt: number('secondsAt'),
    nanosAt: number('nanosAt'),
    amountsAt: number('amountsAt'),
  };
}
