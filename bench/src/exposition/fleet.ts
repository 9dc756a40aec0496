import type { IncomingMessage, ServerResponse } from 'node:http';

/** Series of each VM: two gauges, and a counter of reads and one of writes. */
const seriesOfVm = 4;

/** The metrics that every subject serves, as this project's own simulator has them. */
export const metrics = {
  cpu: { name: 'metald_cpu_usage_percent', help: 'Load of the processors of a VM, 0 to 100.' },
  memory: { name: 'metald_memory_usage_bytes', help: 'Memory that a VM uses, in bytes.' },
  io: { name: 'metald_disk_io_bytes_total', help: 'Bytes that a VM has read and written.' },
} as const;

/** VMs and what they use. Its numbers are the same in every process. */
export interface Fleet {
  readonly ids: readonly string[];
  /** A fraction, 0 to 100. */
  readonly cpu: Float64Array;
  /** An integer of about ten digits. */
  readonly memory: Float64Array;
  /** Integers that only grow, to a dozen digits. */
  readonly read: Float64Array;
  readonly written: Float64Array;
  /** Their last growth. */
  readonly readGrowth: Float64Array;
  readonly writtenGrowth: Float64Array;
  /**
   * Gives new values to an evenly spread share of the VMs, and reports each.
   *
   * @param share 0 to 1
   */
  change(share: number, onChange: (vm: number) => void): void;
}

/** Makes a fleet with so many series, all of them with values. */
export function createFleet(seriesCount: number): Fleet {
  const size = Math.round(seriesCount / seriesOfVm);
  const values = () => new Float64Array(size);
  const fleet = { cpu: values(), memory: values(), read: values(), written: values() };
  const growth = { readGrowth: values(), writtenGrowth: values() };
  let state = 7;
  let turn = 0;
  /** 0 to 1, by a linear congruential generator: cheap beside what is measured, and the same in Go. */
  const draw = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
  const changeVm = (vm: number) => {
    fleet.cpu[vm] = draw() * 100;
    fleet.memory[vm] = Math.floor(draw() * 2 ** 20) * 4096;
    growth.readGrowth[vm] = Math.floor(draw() * 1e9);
    growth.writtenGrowth[vm] = Math.floor(draw() * 1e9);
    fleet.read[vm] = (fleet.read[vm] ?? 0) + (growth.readGrowth[vm] ?? 0);
    fleet.written[vm] = (fleet.written[vm] ?? 0) + (growth.writtenGrowth[vm] ?? 0);
  };
  for (let vm = 0; vm < size; vm += 1) changeVm(vm);
  return {
    ids: Array.from({ length: size }, (_, vm) => `ud-${vm.toString(16).padStart(16, '0')}`),
    ...fleet,
    ...growth,
    change(share, onChange) {
      if (share === 0) return;
      const step = Math.round(1 / share);
      turn += 1;
      for (let vm = turn % step; vm < size; vm += step) {
        changeVm(vm);
        onChange(vm);
      }
    },
  };
}

/** A way to serve the metrics of a fleet. */
export interface Subject {
  /** Answers a scrape. */
  serve(request: IncomingMessage, response: ServerResponse): void;
  /** Copies the values of a VM from the fleet, after the fleet has changed them. */
  update(vm: number): void;
}

/** Makes a subject with the current values of the fleet. */
export type SubjectMaker = (fleet: Fleet) => Subject | Promise<Subject>;
