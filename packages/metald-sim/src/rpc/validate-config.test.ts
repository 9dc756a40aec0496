import { create } from '@bufbuild/protobuf';
import { Code } from '@connectrpc/connect';
import { VmConfigSchema } from '@vmobs/wire/vmprovisioner';
import { expect, test } from 'vitest';
import { validateConfig } from './validate-config.ts';

const cpu = { vcpuCount: 2, maxVcpuCount: 2 };
const memory = { sizeBytes: 1024n };
const boot = { kernelPath: '/vmlinux' };
const storage = [{ path: '/rootfs' }];

const invalid = (rawMessage: string) => expect.objectContaining({ rawMessage, code: Code.InvalidArgument });

/** Each configuration has the fault that its message names and every later one: the first is reported. */
test.for([
  { message: 'config.cpu is required', config: {} },
  { message: 'config.memory is required', config: { cpu: { maxVcpuCount: -1 } } },
  { message: 'config.boot is required', config: { cpu: { maxVcpuCount: -1 }, memory: {} } },
  { message: 'config.cpu.vcpu_count must be above 0', config: { cpu: { maxVcpuCount: -1 }, memory: {}, boot: {} } },
  {
    message: 'config.cpu.max_vcpu_count must be 0 or at least vcpu_count',
    config: { cpu: { vcpuCount: 2, maxVcpuCount: 1 }, memory: {}, boot: {} },
  },
  { message: 'config.memory.size_bytes must be above 0', config: { cpu, memory: {}, boot: {} } },
  { message: 'config.boot.kernel_path is required', config: { cpu, memory, boot: {} } },
  { message: 'config.storage needs at least one device', config: { cpu, memory, boot } },
  { message: 'config.storage[1].path is required', config: { cpu, memory, boot, storage: [...storage, {}, {}] } },
])('the first fault is reported: $message', ({ message, config }) => {
  expect(() => validateConfig(create(VmConfigSchema, config))).toThrow(invalid(message));
});

test('a request without a configuration is invalid', () => {
  expect(() => validateConfig(undefined)).toThrow(invalid('config is required'));
});

test.for([
  { what: 'processors', part: { cpu: { vcpuCount: -1 } }, message: 'config.cpu.vcpu_count must be above 0' },
  { what: 'memory', part: { memory: { sizeBytes: -1n } }, message: 'config.memory.size_bytes must be above 0' },
])('less than no $what is refused', ({ part, message }) => {
  const config = create(VmConfigSchema, { cpu, memory, boot, storage, ...part });
  expect(() => validateConfig(config)).toThrow(invalid(message));
});

test('a configuration without a fault is given back with its machine', () => {
  const config = create(VmConfigSchema, { cpu: { vcpuCount: 3 }, memory, boot, storage, metadata: { team: 'infra' } });
  expect(validateConfig(config)).toEqual({ config, machine: { vcpus: 3, memoryBytes: 1024 } });
});
