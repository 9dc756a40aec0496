import { type Metald, startMetald } from '@vmobs/metald-sim';
import { VmState } from '@vmobs/wire/vmprovisioner';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Outcome } from '../../support/protocol-callers.ts';
import { jsonConfig, type MethodName, protocols, type VmCaller } from './clients.ts';
import { type Change, changes, createFleetModel, type FleetModel } from './fleet-model.ts';
import { createHeldHypervisor, type HeldHypervisor, type HeldOperation } from './held-hypervisor.ts';

/*
 * Calls that overlap in any order, over any protocol, with a hypervisor that ends each of them whenever it likes, well or
 * not: every answer and every state is what the model says.
 */

const room = 3;
const unknownVm = 'ud-0000000000000000';
const openers = Object.values(protocols);
const methods: Readonly<Record<Change, MethodName>> = {
  boot: 'bootVm',
  pause: 'pauseVm',
  resume: 'resumeVm',
  reboot: 'rebootVm',
  shutdown: 'shutdownVm',
  delete: 'deleteVm',
  'force delete': 'deleteVm',
};

/** How often each change is asked for: what ends a VM less often, so that the others find some in every state. */
const weights: Readonly<Record<Change, number>> = {
  boot: 5,
  pause: 4,
  resume: 2,
  reboot: 2,
  shutdown: 3,
  delete: 1,
  'force delete': 1,
};

/** What happens next. Numbers choose among what there is. */
const happenings = fc.oneof(
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('create' as const), by: fc.nat(openers.length - 1) }) },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('change' as const),
      change: fc.oneof(...changes.map((change) => ({ weight: weights[change], arbitrary: fc.constant(change) }))),
      vm: fc.nat(),
      by: fc.nat(openers.length - 1),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('end' as const),
      held: fc.nat(),
      succeeds: fc.oneof({ weight: 4, arbitrary: fc.constant(true) }, { weight: 1, arbitrary: fc.constant(false) }),
    }),
  },
);
type Happening = typeof happenings extends fc.Arbitrary<infer T> ? T : never;

/** How every history begins, since most of what can happen happens to VMs that run. */
const ends: Happening = { kind: 'end', held: 0, succeeds: true };
const twoRunning: readonly Happening[] = [1, 2].flatMap((vm) => [
  { kind: 'create', by: vm },
  ends,
  { kind: 'change', change: 'boot', vm, by: vm },
  ends,
]);

let hypervisor: HeldHypervisor;
let metald: Metald;
let clients: VmCaller[];

beforeAll(async () => {
  hypervisor = createHeldHypervisor();
  const quiet = { port: 0, metricsPort: 0, logLevel: 'silent', billingEnabled: false } as const;
  metald = await startMetald({ ...quiet, maxVms: room, hypervisor });
  clients = openers.map((open) => open(metald.url));
});
afterAll(async () => {
  for (const client of clients) client.close();
  await metald.close();
});

const clientOf = (by: number): VmCaller => clients[by % clients.length] ?? expect.unreachable();

function codeOf(outcome: Outcome): string {
  return 'answer' in outcome ? 'ok' : outcome.code;
}

/** One history of the host: what the model and the service say, side by side. */
function beginHistory(model: FleetModel) {
  const outcomes = new Map<HeldOperation, Promise<Outcome>>();
  const seen = [unknownVm];

  async function happen(happening: Happening): Promise<void> {
    if (happening.kind === 'end') {
      const ended = hypervisor.held[happening.held % Math.max(1, hypervisor.held.length)];
      if (ended !== undefined) await end(ended, happening.succeeds);
    } else if (happening.kind === 'create') {
      await begin(clientOf(happening.by).call('createVm', { config: jsonConfig }), model.create());
    } else {
      const { change, vm, by } = happening;
      // Mostly one that is still there: the newest few, and one that never was.
      const vmId = [seen[0], ...seen.slice(-room)][vm % (room + 1)] ?? unknownVm;
      const request = change === 'force delete' ? { vmId, force: true } : { vmId };
      await begin(clientOf(by).call(methods[change], request), model.change(vmId, change));
    }
  }

  async function begin(call: Promise<Outcome>, expected: ReturnType<FleetModel['create']>): Promise<void> {
    const begun = await hypervisor.begins(call);
    if (begun === undefined) expect({ code: codeOf(await call) }).toEqual(expected);
    else {
      expect({ begins: begun.operation }).toEqual(expected);
      outcomes.set(begun, call);
    }
  }

  async function end(ended: HeldOperation, succeeds: boolean): Promise<void> {
    const call = outcomes.get(ended) ?? expect.unreachable();
    outcomes.delete(ended);
    const { vmId, operation } = ended;
    const expected = operation === 'create' ? { code: model.created(vmId, succeeds) } : model.changed(vmId, succeeds);
    if (operation === 'create' && succeeds) seen.push(vmId);
    if (succeeds) ended.succeed();
    else ended.fail('no memory left');
    await begin(call, expected);
    expect(await listed()).toEqual(model.states());
  }

  /** Ends what is under way and deletes what is left. */
  async function finish(): Promise<void> {
    for (let ended = hypervisor.held[0]; ended !== undefined; ended = hypervisor.held[0]) await end(ended, true);
    for (const [vmId] of model.states()) {
      const call = clientOf(0).call('deleteVm', { vmId, force: true });
      await begin(call, model.change(vmId, 'force delete'));
      for (let ended = hypervisor.held[0]; ended !== undefined; ended = hypervisor.held[0]) await end(ended, true);
    }
    expect(await listed()).toEqual([]);
  }

  return { happen, finish };
}

async function listed(): Promise<unknown> {
  const outcome = await clientOf(0).call('listVms', {});
  if (!('answer' in outcome && 'vms' in outcome.answer && Array.isArray(outcome.answer.vms))) return outcome;
  return outcome.answer.vms.map(({ vmId, state }) => [vmId, VmState[state]?.toLowerCase()]);
}

test('the host does what the model does, whatever overlaps', { timeout: 120_000 }, async () => {
  const property = fc.asyncProperty(
    fc.array(happenings, { minLength: 20, maxLength: 80, size: 'max' }),
    async (history) => {
      const { happen, finish } = beginHistory(createFleetModel(room));
      try {
        for (const happening of [...twoRunning, ...history]) await happen(happening);
      } finally {
        await finish();
      }
    },
  );
  await fc.assert(property, { numRuns: 50, endOnFailure: true, unbiased: true });
});
