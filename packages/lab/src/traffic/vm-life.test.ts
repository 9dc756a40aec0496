import { Code, ConnectError, createClient, createRouterTransport } from '@connectrpc/connect';
import { VmService, VmState } from '@vmobs/wire/vmprovisioner';
import { expect, test } from 'vitest';
import { createRandom } from './random.ts';
import { liveVmLife } from './vm-life.ts';

const lifeMs = 1_000;
const seeds = Array.from({ length: 40 }, (_, seed) => seed);

/** Lives the life that a seed gives and tells what was called, and how long was waited between. */
async function live(seed: number, { waits = Infinity, failing = [] as readonly string[] } = {}) {
  const calls: string[] = [];
  const waited: number[] = [];
  const call = (name: string, vmId: string) => {
    calls.push(`${name} ${vmId}`);
    if (failing.includes(name)) throw new ConnectError(`no ${name}`, Code.Unavailable);
    return { success: true };
  };
  const transport = createRouterTransport(({ service }) => {
    service(VmService, {
      createVm({ config }) {
        calls.push(`create ${config?.cpu?.vcpuCount} vCPUs ${config?.memory?.sizeBytes} bytes`);
        return { vmId: 'ud-1', state: VmState.CREATED };
      },
      bootVm: ({ vmId }) => call('boot', vmId),
      pauseVm: ({ vmId }) => call('pause', vmId),
      resumeVm: ({ vmId }) => call('resume', vmId),
      rebootVm: ({ vmId }) => call('reboot', vmId),
      shutdownVm: ({ vmId }) => call('shutdown', vmId),
      getVmInfo: ({ vmId }) => {
        call('look', vmId);
        return { vmId };
      },
      deleteVm: ({ vmId, force }) => call(force ? 'force delete' : 'delete', vmId),
    });
  });
  const life = liveVmLife({
    client: createClient(VmService, transport),
    name: 'client',
    random: createRandom(seed),
    lifeMs,
    async wait(milliseconds) {
      if (waited.length >= waits) throw new Error('stopped');
      waited.push(milliseconds);
    },
  });
  const outcome = await life.then(
    () => 'lived',
    (error: Error) => error.message,
  );
  return { calls, waited, outcome };
}

test('the same seed gives the same life cycle', async () => {
  for (const seed of seeds) expect(await live(seed)).toEqual(await live(seed));
});

test('other seeds give other lives', async () => {
  const lives = await Promise.all(seeds.map(async (seed) => (await live(seed)).calls.join()));
  expect(new Set(lives).size).toBeGreaterThan(seeds.length / 2);
});

test('every life cycle runs from create to delete, with a resume after each pause', async () => {
  const seen = new Set<string>();
  for (const seed of seeds) {
    const { calls, outcome } = await live(seed);
    expect(outcome).toBe('lived');
    expect(calls[0]).toMatch(/^create [1-4] vCPUs \d+ bytes$/);
    const rest = calls.slice(1).map((name) => name.replace(/ ud-1$/, ''));
    expect(rest.join(' ')).toMatch(/^boot( look( pause resume| reboot)?){2,5} shutdown delete$/);
    for (const name of rest) seen.add(name);
  }
  expect(seen).toEqual(new Set(['boot', 'look', 'pause', 'resume', 'reboot', 'shutdown', 'delete']));
});

test('the average life cycle has the configured length', async () => {
  const lengths: number[] = [];
  for (const seed of seeds) lengths.push((await live(seed)).waited.reduce((sum, wait) => sum + wait, 0));
  // The life itself, a twentieth before and after it, and a tenth for each pause.
  const mean = lengths.reduce((sum, length) => sum + length, 0) / lengths.length;
  expect(mean).toBeGreaterThan(lifeMs);
  expect(mean).toBeLessThan(1.5 * lifeMs);
});

test('an aborted wait ends the life cycle, and the VM is deleted if that is still possible', async () => {
  const whole = await live(1);
  const cut = await live(1, { waits: 1 });
  expect(cut.outcome).toBe('stopped');
  expect(cut.calls).toEqual([...whole.calls.slice(0, 2), 'force delete ud-1']);
});

test.for(['boot', 'look', 'pause', 'resume', 'reboot', 'shutdown', 'delete'])(
  'after a failed %s the VM is deleted, and the failure is told even if that fails',
  async (step) => {
    for (const failing of [[step], [step, 'force delete']]) {
      const lives = await Promise.all(seeds.map((seed) => live(seed, { failing })));
      const failed = lives.filter(({ outcome }) => outcome !== 'lived');
      expect(failed.length).toBeGreaterThan(0);
      for (const { calls, outcome } of failed) {
        expect(outcome).toBe(`[unavailable] no ${step}`);
        expect(calls.slice(-2)).toEqual([`${step} ud-1`, 'force delete ud-1']);
      }
    }
  },
);
