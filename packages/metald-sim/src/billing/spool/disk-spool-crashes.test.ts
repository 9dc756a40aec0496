import { cpSync } from 'node:fs';
import { mkdtemp, open as openFile, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { headerOf } from '../messages.ts';
import { openDiskSpool } from './disk-spool.ts';
import type { Spool } from './spool.ts';

/** One thing that happens to a spool. */
type Step =
  | { readonly do: 'append'; readonly vm: number; readonly length: number }
  /** Done with the oldest entry of a VM. */
  | { readonly do: 'remove'; readonly vm: number }
  /** Syncs happen, segments are deleted, what is stuck is moved. */
  | { readonly do: 'wait' }
  /** The process is killed, and another one opens the folder. */
  | { readonly do: 'crash' };

const vm = fc.integer({ min: 0, max: 3 });
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('append'), vm, length: fc.integer({ min: 0, max: 30_000 }) }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constant('remove'), vm }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('wait') }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('crash') }) },
);
const steps = fc.array(step, { minLength: 1, maxLength: 60 });

/** A batch that a spool should have, by the number that it was given here. */
interface Expected {
  readonly number: number;
  readonly vmId: string;
  readonly bytes: Uint8Array;
}

/** A spool over folders that crashes, and what should be in it. */
async function createModel() {
  const root = await mkdtemp(join(tmpdir(), 'disk-spool-crashes-'));
  const spools: Spool[] = [];
  let crashes = 0;
  let nextNumber = 1;
  let waiting: Expected[] = [];
  const folder = () => join(root, String(crashes));

  function open(): Spool {
    const spool = openDiskSpool({
      folder: folder(),
      // Segments of 64 KiB, so that there are many.
      limitBytes: 1024 ** 2,
      now: () => 0,
      onFailure: (_failure, error) => {
        throw error;
      },
      syncIntervalMs: 1,
      cacheBytes: 50_000,
    });
    spools.push(spool);
    return spool;
  }
  let spool = open();

  /** Leaves the spool as `kill -9` would: what it has written by now is what the next one finds. */
  async function crash(damage: (folder: string) => Promise<void> = async () => {}): Promise<void> {
    const before = folder();
    crashes += 1;
    // In one go, as a death of the process is.
    cpSync(before, folder(), { recursive: true, filter: (path) => !path.endsWith('lock') });
    await damage(folder());
    spool = open();
  }

  const actions: Readonly<Record<Step['do'], (step: Step) => Promise<void>>> = {
    async append(step) {
      if (step.do !== 'append') return;
      const number = nextNumber++;
      const vmId = `vm-${step.vm}`;
      const bytes = new Uint8Array(step.length).fill(number);
      const times = { firstTimestamp: BigInt(number), lastTimestamp: BigInt(number) };
      const batch = { vmId, customerId: 'acme', sampleCount: number, ...times, bytes };
      spool.append(headerOf(batch), {}, bytes);
      waiting.push({ number, vmId, bytes });
    },
    async remove(step) {
      const vmId = step.do === 'remove' ? `vm-${step.vm}` : '';
      const entry = [...spool.waiting()].find(({ content }) => content.vmId === vmId);
      if (entry === undefined) return;
      spool.remove(entry);
      waiting = waiting.filter(({ number }) => number !== numberOf(entry));
    },
    wait: () => new Promise((resolve) => setTimeout(resolve, 5)),
    crash: () => crash(),
  };

  return {
    run: (step: Step) => actions[step.do](step),
    crash,
    expected: () => waiting,
    /** What the spool has: every batch with its bytes. */
    async read(): Promise<Expected[]> {
      const entries = [...spool.waiting()];
      return Promise.all(
        entries.map(async (entry) => ({
          number: numberOf(entry),
          vmId: entry.content.vmId,
          bytes: new Uint8Array(await spool.read(entry)),
        })),
      );
    },
    recovery: () => spool.recovery,
    async close() {
      for (const opened of spools) await opened.close();
      await rm(root, { recursive: true });
    },
  };
}

function numberOf({ content }: ReturnType<Spool['append']>): number {
  return content.kind === 'batch' ? content.sampleCount : 0;
}

/** Runs a model through steps and judges it. */
async function judge(
  sequence: readonly Step[],
  work: (model: Awaited<ReturnType<typeof createModel>>) => Promise<void>,
): Promise<void> {
  const model = await createModel();
  try {
    for (const each of sequence) await model.run(each);
    await work(model);
  } finally {
    await model.close();
  }
}

const fewRuns = { numRuns: 60 };

test('any sequence of appends, removals and crashes keeps the pending entries in order', async () => {
  await fc.assert(
    fc.asyncProperty(steps, (sequence) =>
      judge(sequence, async (model) => {
        await model.crash();
        expect(await model.read()).toEqual(model.expected());
        expect(model.recovery()).toMatchObject({ corruptions: 0, tornBytes: 0 });
      }),
    ),
    fewRuns,
  );
});

test('a torn write loses nothing stored before it and invents nothing', async () => {
  const tearing = fc.record({ lost: fc.nat({ max: 2_000 }), garbage: fc.uint8Array({ maxLength: 200 }) });
  await fc.assert(
    fc.asyncProperty(steps, tearing, (sequence, { lost, garbage }) =>
      judge(sequence, async (model) => {
        let cut = 0;
        await model.crash(async (folder) => {
          const segment = await newestSegment(folder);
          const { size } = await stat(segment);
          cut = Math.min(lost, size);
          const file = await openFile(segment, 'r+');
          await file.truncate(size - cut);
          await file.write(garbage, 0, garbage.length, size - cut);
          await file.close();
        });
        const read = await model.read();
        const expected = model.expected();
        expect(expected).toEqual(expect.arrayContaining(read));
        // Records end where they end: only those in the bytes that were cut off can be missing, the latest ones.
        const missing = expected.filter(({ number }) => !read.some((batch) => batch.number === number));
        const bytesOf = (batches: readonly Expected[]) => batches.reduce((sum, { bytes }) => sum + bytes.length, 0);
        expect(bytesOf(missing.slice(1))).toBeLessThanOrEqual(cut);
        if (cut === 0) expect(missing).toEqual([]);
        expect(read.map(({ number }) => number)).toEqual(read.map(({ number }) => number).sort((a, b) => a - b));
      }),
    ),
    fewRuns,
  );
});

test('a changed byte costs at most one record, is detected, and invents nothing', async () => {
  const flip = fc.record({ file: fc.nat(), at: fc.nat(), change: fc.integer({ min: 1, max: 255 }) });
  await fc.assert(
    fc.asyncProperty(steps, flip, (sequence, { file, at, change }) =>
      judge(sequence, async (model) => {
        await model.crash((folder) => flipByte(folder, { file, at, change }));
        const read = await model.read();
        const expected = model.expected();
        const known = new Set(read.map(({ number }) => number));
        const missing = expected.filter(({ number }) => !known.has(number));
        expect(missing.length).toBeLessThanOrEqual(1);
        const { corruptions, tornBytes } = model.recovery();
        if (missing.length > 0) expect(corruptions + tornBytes).toBeGreaterThan(0);
        // A damaged acknowledgement brings one batch back, with its own bytes; billaged recognises it.
        const repeated = read.filter(({ number }) => !expected.some((batch) => batch.number === number));
        expect(repeated.length).toBeLessThanOrEqual(1);
        for (const { number, bytes } of read) expect(bytes.every((byte) => byte === number % 256)).toBe(true);
      }),
    ),
    fewRuns,
  );
});

async function newestSegment(folder: string): Promise<string> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.spool')).sort();
  return join(folder, names.at(-1) ?? '');
}

async function flipByte(folder: string, flip: { file: number; at: number; change: number }): Promise<void> {
  const names = (await readdir(folder)).filter((name) => !name.endsWith('lock')).sort();
  const file = await openFile(join(folder, names[flip.file % names.length] ?? ''), 'r+');
  const { size } = await file.stat();
  if (size > 0) {
    const at = flip.at % size;
    const { buffer } = await file.read(Buffer.alloc(1), 0, 1, at);
    buffer.writeUInt8(buffer.readUInt8(0) ^ flip.change, 0);
    await file.write(buffer, 0, 1, at);
  }
  await file.close();
}
