import { expect, test } from 'vitest';
import { largestAmount, largestVcpuCount, longestId, problemOfId, problemOfMachine } from './billable.ts';

test.for(['a', 'ud-b09381559787a74a', 'café noir', '日本', '"quoted",=1', 'x'.repeat(longestId)])(
  'the id %j can be billed',
  (id) => {
    expect(problemOfId('tenant_id', id)).toBeUndefined();
  },
);

test.for<[string, string]>([
  ['x'.repeat(longestId + 1), 'tenant_id has at most 128 characters, not 129'],
  ['a\nb', 'tenant_id has a control character'],
  ['\0', 'tenant_id has a control character'],
  ['a\u007f', 'tenant_id has a control character'],
  ['a\u009b', 'tenant_id has a control character'],
])('the id %j cannot be billed', ([id, problem]) => {
  expect(problemOfId('tenant_id', id)).toBe(problem);
});

test('a machine can be billed up to the largest amounts', () => {
  const largest = { vcpuCount: largestVcpuCount, memoryBytes: BigInt(largestAmount) };
  expect(problemOfMachine(largest)).toBeUndefined();
  expect(problemOfMachine({ ...largest, vcpuCount: largestVcpuCount + 1 })).toContain('vcpu_count must be at most 255');
  expect(problemOfMachine({ ...largest, memoryBytes: largest.memoryBytes + 1n })).toBe(
    'config.memory.size_bytes must be at most 9007199254740991, not 9007199254740992: more cannot be billed',
  );
});
