import { type Metald, startMetald } from '@vmobs/metald-sim';
import { type OtlpReceiver, type ReceivedSpan, startOtlpReceiver } from '@vmobs/testing';
import { VmService } from '@vmobs/wire/vmprovisioner';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Outcome } from '../../support/protocol-callers.ts';
import { jsonConfig, type MethodName, protocols, type VmCaller } from './clients.ts';

/*
 * What an operator sees of each RPC, however it went: its span and its line name the VM, the operation and the cause.
 */

type Line = Readonly<Record<string, unknown>>;

const missing = 'ud-0000000000000000';
const operations: Readonly<Record<MethodName, string>> = {
  createVm: 'create',
  bootVm: 'boot',
  pauseVm: 'pause',
  resumeVm: 'resume',
  rebootVm: 'reboot',
  shutdownVm: 'shutdown',
  deleteVm: 'delete',
  getVmInfo: 'info',
  listVms: 'list',
};

let receiver: OtlpReceiver;
let metald: Metald;
const lines: Line[] = [];
/** Operations that the hypervisor fails. */
const failing = new Set<string>();
/** Waits before each operation that the hypervisor does. */
let delay: Promise<void> | undefined;

beforeAll(async () => {
  receiver = await startOtlpReceiver();
  metald = await startMetald({
    port: 0,
    metricsPort: 0,
    billingEnabled: false,
    simControl: true,
    tracesEnabled: true,
    otlpEndpoint: `http://${receiver.endpoint}`,
    logOutput: { write: (line) => void lines.push(JSON.parse(line)) },
    hypervisor: {
      async perform(operation) {
        await delay;
        if (failing.has(operation)) throw new Error(`KVM says no to ${operation}`);
      },
    },
  });
});
afterAll(async () => {
  await metald.close();
  await receiver.close();
});

/** The line of the next RPC that ends, once it is written: just after its client has the answer. */
async function lineOf(call: () => Promise<Outcome>): Promise<{ outcome: Outcome; line: Line }> {
  const ended = () => lines.filter(({ msg }) => msg === 'rpc success' || msg === 'rpc error');
  const before = ended().length;
  const outcome = await call();
  await expect.poll(ended).toHaveLength(before + 1);
  return { outcome, line: ended().at(-1) ?? expect.unreachable() };
}

const spanOfLine = (line: Line): ReceivedSpan | undefined =>
  receiver.spans.find(({ spanId, kind }) => spanId === line['span_id'] && kind === 2);

const seen: { method: MethodName; line: Line; vmId: string | undefined }[] = [];

describe.for([
  ['Connect in JSON on HTTP/1.1', '1.1'],
  ['gRPC-Web on HTTP/1.1', '1.1'],
  ['gRPC of the Connect project', '2'],
] as const)('over %s', ([protocol]) => {
  let client: VmCaller;
  beforeAll(() => {
    client = protocols[protocol]?.(metald.url) ?? expect.unreachable();
  });
  afterAll(() => client.close());

  async function callAndSee(method: MethodName, request: Parameters<VmCaller['call']>[1]) {
    const { outcome, line } = await lineOf(() => client.call(method, request));
    const made = 'answer' in outcome && 'vmId' in outcome.answer ? String(outcome.answer.vmId) : undefined;
    const asked = typeof request['vmId'] === 'string' ? request['vmId'] : undefined;
    seen.push({ method, line, vmId: made ?? asked });
    return { outcome, line, vmId: made ?? asked };
  }

  test('a success is an info line with the operation and the VM', async () => {
    const { vmId = '' } = await callAndSee('createVm', { config: jsonConfig });
    const life = ['bootVm', 'pauseVm', 'resumeVm', 'rebootVm', 'getVmInfo', 'shutdownVm', 'deleteVm'] as const;
    for (const method of life) {
      const { line } = await callAndSee(method, { vmId });
      expect(line).toMatchObject({ level: 'info', code: 'ok', operation: operations[method], vm_id: vmId });
    }
    const { line } = await callAndSee('listVms', {});
    expect(line).toMatchObject({ level: 'info', code: 'ok', operation: 'list' });
  });

  test('a refusal is a warning with the operation, the VM and the reason', async () => {
    for (const method of [
      'bootVm',
      'pauseVm',
      'resumeVm',
      'rebootVm',
      'getVmInfo',
      'shutdownVm',
      'deleteVm',
    ] as const) {
      const { line } = await callAndSee(method, { vmId: missing });
      expect(line).toMatchObject({
        level: 'warn',
        code: 'not_found',
        operation: operations[method],
        vm_id: missing,
        error: expect.stringContaining('does not exist'),
      });
    }
    const { line } = await callAndSee('createVm', { config: {} });
    expect(line).toMatchObject({ level: 'warn', code: 'invalid_argument', operation: 'create' });
    expect(line['error']).toContain('config.cpu is required');
  });

  test('a failure of the hypervisor is an error with the operation, the VM and the cause', async () => {
    const { vmId = '' } = await callAndSee('createVm', { config: jsonConfig });
    const fail = async (method: MethodName, request: Parameters<VmCaller['call']>[1]) => {
      failing.add(operations[method]);
      const { outcome, line } = await callAndSee(method, request);
      failing.delete(operations[method]);
      // The client is told that it failed, not what is wrong inside.
      expect(JSON.stringify(outcome)).not.toContain('KVM');
      expect(outcome).toMatchObject({ code: 'internal' });
      expect(line).toMatchObject({ level: 'error', code: 'internal', operation: operations[method] });
      expect(JSON.stringify(line['err'])).toContain(`KVM says no to ${operations[method]}`);
      return line;
    };
    const created = await fail('createVm', { config: jsonConfig });
    expect(created['vm_id']).toMatch(/^ud-[0-9a-f]{16}$/);
    expect(created['vm_id']).not.toBe(vmId);
    for (const [method, next] of [
      ['bootVm', 'bootVm'],
      ['rebootVm', 'pauseVm'],
      ['resumeVm', 'resumeVm'],
      ['pauseVm', undefined],
      ['shutdownVm', 'shutdownVm'],
      ['deleteVm', 'deleteVm'],
    ] as const) {
      expect(await fail(method, { vmId })).toMatchObject({ vm_id: vmId });
      if (next !== undefined) await callAndSee(next, { vmId });
    }
  });

  test('a failure after the deadline is an error of its own', async () => {
    const { vmId = '' } = await callAndSee('createVm', { config: jsonConfig });
    const release = Promise.withResolvers<void>();
    delay = release.promise;
    failing.add('boot');
    const late = () => lines.filter(({ msg, vm_id: of }) => msg === 'rpc failed after its deadline' && of === vmId);
    const response = await fetch(`${metald.url}/vmprovisioner.v1.VmService/BootVm`, {
      method: 'POST',
      // Long enough for a slow machine to have begun what the client asks for.
      headers: { 'content-type': 'application/json', 'connect-timeout-ms': '500' },
      body: JSON.stringify({ vmId }),
    });
    expect([response.status, await response.json()]).toMatchObject([504, { code: 'deadline_exceeded' }]);
    expect(late()).toEqual([]);
    release.resolve();
    await expect.poll(late).toHaveLength(1);
    expect(late()[0]).toMatchObject({ level: 'error', operation: 'boot' });
    expect(JSON.stringify(late()[0]?.['err'])).toContain('KVM says no to boot');
    delay = undefined;
    failing.delete('boot');
    await callAndSee('deleteVm', { vmId });
  });
});

test('an RPC that api-errors fails is logged with the operation, the VM and the cause', async () => {
  const path = (method: string) => `${metald.url}/vmprovisioner.v1.VmService/${method}`;
  const post = (method: string, body: object) =>
    fetch(path(method), {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
  for (const code of ['internal', 'unavailable', 'unknown', 'deadline_exceeded', 'data_loss'] as const) {
    await fetch(`${metald.url}/sim/faults/api-errors`, { method: 'PUT', body: JSON.stringify({ size: 1, code }) });
    const ended = () => lines.filter(({ msg }) => msg === 'rpc error');
    const before = ended().length;
    expect(await (await post('RebootVm', { vmId: missing })).json()).toMatchObject({ code });
    await expect.poll(ended).toHaveLength(before + 1);
    expect(ended().at(-1)).toMatchObject({
      level: 'error',
      code,
      operation: 'reboot',
      vm_id: missing,
      err: { message: expect.stringContaining('the fault api-errors is on') },
    });
  }
  await fetch(`${metald.url}/sim/faults`, { method: 'DELETE' });
});

test('every error line names the operation, the VM and the cause', () => {
  const errors = lines.filter(({ level }) => level === 'error');
  expect(errors.length).toBeGreaterThan(20);
  for (const line of errors) {
    expect(line).toMatchObject({
      operation: expect.stringMatching(/^(create|boot|pause|resume|reboot|shutdown|delete)$/),
      vm_id: expect.stringMatching(/^ud-[0-9a-f]{16}$/),
      trace_id: expect.any(String),
    });
    // The message of the error or of one of its causes.
    expect(JSON.stringify(line['err'])).toMatch(/KVM says no|deadline_exceeded|api-errors is on/);
  }
});

test('every RPC has one server span with the documented name and attributes', async () => {
  await metald.close();
  expect(new Set(seen.map(({ method }) => method))).toEqual(new Set(Object.keys(operations)));
  for (const { method, line, vmId } of seen) {
    const procedure = `vmprovisioner.v1.VmService/${VmService.method[method].name}`;
    const span = spanOfLine(line);
    expect(span, `span of ${JSON.stringify(line)}`).toMatchObject({ name: procedure, kind: 2, service: 'metald' });
    expect(span?.attributes).toMatchObject({
      'rpc.system.name': 'connectrpc',
      'rpc.method': procedure,
      'rpc.status_code': line['code'],
      'http.request.method': 'POST',
      'http.route': `/${procedure}`,
      operation: operations[method],
      ...(vmId !== undefined && { vm_id: vmId }),
    });
    expect(span?.attributes['error.type']).toBe(line['code'] === 'internal' ? 'internal' : undefined);
  }
  const spanIds = receiver.spans
    .filter(({ kind, name }) => kind === 2 && name.startsWith('vmprovisioner.'))
    .map(({ spanId }) => spanId);
  expect(new Set(spanIds).size).toBe(spanIds.length);
  expect(lines.filter(({ msg }) => msg === 'rpc success' || msg === 'rpc error')).toHaveLength(spanIds.length);
});
