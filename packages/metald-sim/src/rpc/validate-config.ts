import { Code, ConnectError } from '@connectrpc/connect';
import { problemOfMachine } from '@vmobs/wire/billable';
import type { VmConfig } from '@vmobs/wire/vmprovisioner';
import type { Machine } from '../fleet/workload.ts';

/**
 * Validates the configuration of a new VM in the order of the real metald, which reports the first problem only. A VM that
 * could not be billed is refused last: the real metald runs it.
 *
 * @throws ConnectError `invalid_argument`
 */
export function validateConfig(config: VmConfig | undefined): { config: VmConfig; machine: Machine } {
  if (config === undefined) throw invalid('config is required');
  const { cpu, memory, boot, storage } = config;
  if (cpu === undefined) throw invalid('config.cpu is required');
  if (memory === undefined) throw invalid('config.memory is required');
  if (boot === undefined) throw invalid('config.boot is required');
  if (cpu.vcpuCount <= 0) throw invalid('config.cpu.vcpu_count must be above 0');
  if (cpu.maxVcpuCount !== 0 && cpu.maxVcpuCount < cpu.vcpuCount) {
    throw invalid('config.cpu.max_vcpu_count must be 0 or at least vcpu_count');
  }
  if (memory.sizeBytes <= 0n) throw invalid('config.memory.size_bytes must be above 0');
  if (boot.kernelPath === '') throw invalid('config.boot.kernel_path is required');
  if (storage.length === 0) throw invalid('config.storage needs at least one device');
  const withoutPath = storage.findIndex(({ path }) => path === '');
  if (withoutPath !== -1) throw invalid(`config.storage[${withoutPath}].path is required`);
  const problem = problemOfMachine({ vcpuCount: cpu.vcpuCount, memoryBytes: memory.sizeBytes });
  if (problem !== undefined) throw invalid(problem);
  return { config, machine: { vcpus: cpu.vcpuCount, memoryBytes: Number(memory.sizeBytes) } };
}

function invalid(message: string): ConnectError {
  return new ConnectError(message, Code.InvalidArgument);
}
