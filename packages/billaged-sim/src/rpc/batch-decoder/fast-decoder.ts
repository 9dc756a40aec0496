import type { SampleColumns } from '../../ledger/sample-columns.ts';
import { fastDecoderModule } from './fast-decoder-module.ts';
import type { ReceivedBatch } from './received-batch.ts';

/**
 * Makes the decoder of bodies in the form that every encoder writes. `assembly/fast-decoder.ts` describes that form; it is
 * compiled to the WebAssembly that runs here. Returns `undefined` for any other body, for one with more samples than are
 * kept, and for ids that are not UTF-8.
 *
 * @param capacity maximum number of samples of a batch
 */
export function createFastDecoder(capacity: number): (body: Buffer) => ReceivedBatch | undefined {
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
  // Offsets in the body: begin and end of the VM's id, then of the customer's id.
  const ids = new Uint32Array(memory, idsAt, 4);

  return (body) => {
    if (body.length > mostBytes) return undefined;
    room.set(body);
    const rows = read(body.length, mostRows);
    if (rows < 0) return undefined;
    const vmId = readText(body, ids[0] ?? 0, ids[1] ?? 0);
    const customerId = readText(body, ids[2] ?? 0, ids[3] ?? 0);
    if (vmId === undefined || customerId === undefined) return undefined;
    samples.length = rows;
    return { vmId, customerId, sampleCount: rows, samples, isChecked: true };
  };
}

/** Reads a part of a body as text; `undefined` when it is not UTF-8. */
function readText(body: Buffer, from: number, to: number): string | undefined {
  for (let at = from; at < to; at += 1) {
    if ((body[at] ?? 0) >= 0x80) return readUtf8(body, from, to);
  }
  return body.toString('latin1', from, to);
}

function readUtf8(body: Buffer, from: number, to: number): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(body.subarray(from, to));
  } catch {
    return undefined;
  }
}

/** Instantiates the module, with its own memory, and checks its exports. */
function instantiate() {
  const bytes = Buffer.from(fastDecoderModule, 'base64');
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes));
  const { memory, read } = exports;
  if (!(memory instanceof WebAssembly.Memory) || typeof read !== 'function')
    throw new TypeError('unexpected WebAssembly exports');
  const number = (name: string) => {
    const exported = exports[name];
    if (exported instanceof WebAssembly.Global && typeof exported.value === 'number') return exported.value;
    throw new TypeError(`the WebAssembly module exports no number ${name}`);
  };
  return {
    memory: memory.buffer,
    /** Reads a body of `length` bytes into at most `capacity` rows. @returns the number of rows; negative if refused */
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
