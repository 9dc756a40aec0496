import { readFile, writeFile } from 'node:fs/promises';

/** Resident memory of a process in bytes, as Linux tells it of any process. */
export interface ResidentMemory {
  readonly now: number;
  /** The most since `forgetPeak`. */
  readonly peak: number;
}

/** Reads the memory of a process; nothing where the system does not tell. */
export async function readResidentMemory(pid: number): Promise<ResidentMemory | undefined> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  const kilobytes = (field: string) => Number(new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1]);
  const memory = { now: kilobytes('VmRSS') * 1024, peak: kilobytes('VmHWM') * 1024 };
  return Number.isNaN(memory.now + memory.peak) ? undefined : memory;
}

/** Lets the peak of a process begin at what it has now. */
export async function forgetPeak(pid: number): Promise<void> {
  // 5 is the peak alone; where there is no such file there is no peak to read either.
  await writeFile(`/proc/${pid}/clear_refs`, '5').catch(() => {});
}
