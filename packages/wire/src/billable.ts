/*
 * What can be billed. metald refuses a VM by the same rules by which billaged refuses a batch: a VM that runs can be billed.
 */

/** Maximum length of the id of a VM, a customer or an instance. Ids of the real services have 19 to 36 characters. */
export const longestId = 128;

/** Maximum amount of a sample, in bytes or nanoseconds: 2^53 - 1, the largest that the ledger keeps exactly. */
export const largestAmount = Number.MAX_SAFE_INTEGER;

/** Maximum number of samples in a batch, as the real billaged documents it. */
export const largestBatch = 1_000;

/**
 * Maximum number of processors of a VM, that of Cloud Hypervisor. At full load they take 9.8 hours for `largestAmount` of CPU time;
 * metald restarts a counter before.
 */
export const largestVcpuCount = 255;

/**
 * Checks an id that is not empty.
 *
 * @param name of the field, for the text
 * @returns what is wrong with it; undefined for an id that can be billed
 */
export function problemOfId(name: string, value: string): string | undefined {
  if (value.length > longestId) return `${name} has at most ${longestId} characters, not ${value.length}`;
  // PostgreSQL accepts no NUL in a text, and an id must not break a line of CSV or of the log.
  return /\p{Cc}/u.test(value) ? `${name} has a control character` : undefined;
}

/**
 * Checks the size of a VM.
 *
 * @returns what is wrong with it; undefined for a VM whose samples can be billed
 */
export function problemOfMachine(machine: {
  readonly vcpuCount: number;
  readonly memoryBytes: bigint;
}): string | undefined {
  const { vcpuCount, memoryBytes } = machine;
  if (vcpuCount > largestVcpuCount) {
    return `config.cpu.vcpu_count must be at most ${largestVcpuCount}, not ${vcpuCount}`;
  }
  if (memoryBytes > BigInt(largestAmount)) {
    return `config.memory.size_bytes must be at most ${largestAmount}, not ${memoryBytes}: more cannot be billed`;
  }
  return undefined;
}
