import { execFileSync } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import packageJson from '@vmobs/telemetry/package.json' with { type: 'json' };
import { startOtlpReceiver } from '@vmobs/testing';
import { publint } from 'publint';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { type CodeBlock, nodeHttpExample, readmeBlocks, shopServiceModule, sourceExamples } from './code-blocks.ts';
import { filesIn, packTelemetry } from './pack-telemetry.ts';
import { startShop } from './shop-process.ts';
import { freeVariables, typeCheck } from './type-check.ts';
import { createUserProject, fileIn, nodeExecutables, type UserProject } from './user-project.ts';

const peers = Object.entries(packageJson.peerDependencies).map(([name, range]) => `${name}@${range}`);
const requiredPeers = peers.filter((peer) => peer.startsWith('@opentelemetry/api@'));
/** What the documentation imports besides, and the types of Node. */
const shown = ['connect-fastify', 'connect-node'].map((name) => `@connectrpc/${name}@2`);
const typesOfNode = '@types/node@24';
const typed = [...shown, '@bufbuild/protobuf@2', 'prom-client@15', typesOfNode];

const blocks = [...(await readmeBlocks()), ...(await sourceExamples())];
const isProgram = ({ code }: CodeBlock) => code.includes('telemetry.run(');
const programs = blocks.filter(isProgram);
const fragments = blocks.filter((block) => !isProgram(block));

/** Each line with a `// wrong` must not compile, all others must. */
const wrongCalls = `
import { createSeriesTable } from '@vmobs/telemetry/exposition';

const labels = { outcome: ['paid', 'refused'] } as const;
const orders = telemetry.metrics.counter({ name: 'orders_total', help: 'Orders.', labels });
orders.inc({ outcome: 'paid' });
orders.inc({ outcome: 'lost' }); // wrong
orders.inc({ result: 'paid' }); // wrong
orders.inc(); // wrong
const cpu = { name: 'vm_cpu_usage_percent', help: 'Load.', type: 'gauge' } as const;
const vms = createSeriesTable({ name: 'vms', labels: ['vm_id'], columns: { cpu } });
const vm = vms.add({ vm_id: 'ud-1' });
vms.add({ id: 'ud-1' }); // wrong
vms.columns.cpu.set(vm, 1);
vms.columns.memory.set(vm, 1); // wrong
`;
const fragmentRunner = fileURLToPath(import.meta.resolve('./run-fragments.ts'));

let folder: string;
let tarball: string;
let installed: Record<keyof typeof nodeExecutables | 'small', UserProject>;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vmobs-package-'));
  tarball = await packTelemetry(folder);
  const install = (name: keyof typeof installed, packages: readonly string[]) => {
    const node = nodeExecutables[name === 'oldest' ? name : 'current'];
    return createUserProject(join(folder, name), node, [tarball, ...packages]);
  };
  const [oldest, current, small] = await Promise.all([
    install('oldest', peers),
    install('current', [...peers, ...typed]),
    install('small', [...requiredPeers, typesOfNode]),
  ]);
  installed = { oldest, current, small };
}, 180_000);

afterAll(() => rm(folder, { recursive: true }));

describe('the tarball', () => {
  test('has what was built, the README and the licence, and nothing else', async () => {
    const others = (await filesIn(tarball)).filter((file) => !/^package\/dist\/[\w-]+(\.d\.ts|\.js)$/.test(file));
    expect(others).toEqual(['package/LICENSE', 'package/README.md', 'package/package.json']);
  });

  test('is as publint would have it', async () => {
    const bytes = await readFile(tarball);
    const { messages } = await publint({ pack: { tarball: new Uint8Array(bytes).buffer }, strict: true });
    expect(messages).toEqual([]);
  });

  test('has types for every import', () => {
    const attw = fileIn(import.meta.resolve('@arethetypeswrong/cli/package.json'), 'dist/index.js');
    // It fails, with what it has found, when something is wrong.
    const output = execFileSync(process.execPath, [attw, tarball, '--profile', 'esm-only', '--format', 'json'], {
      encoding: 'utf8',
    });
    expect(Object.keys(JSON.parse(output).analysis.entrypoints)).toEqual(Object.keys(packageJson.exports));
  });
});

test('the oldest Node that is tried is the oldest that the package says it runs on', () => {
  const version = execFileSync(nodeExecutables.oldest, ['--version'], { encoding: 'utf8' });
  expect(packageJson.engines.node).toBe(`>=${/\d+\.\d+/.exec(version)}`);
});

describe('what the documentation shows', () => {
  test.for(['oldest', 'current'] as const)('runs on the %s Node, word for word, and ends in order', async (version) => {
    expect(programs.map(({ name }) => name)).toEqual(['readme-1.ts', 'readme-2.ts', 'start-telemetry-1.ts']);
    const collector = await startOtlpReceiver();
    onTestFinished(() => collector.close());
    for (const { name, code } of programs) {
      const project = installed[version];
      // It has no types of its own, so it is JavaScript, too, as Node 22.15 wants it.
      const file = await project.write(`${basename(name, '.ts')}.js`, code);
      const shop = await startShop(project.node, file, collector.endpoint);
      expect(await (await fetch(`${shop.url}/health`)).json()).toMatchObject({ status: 'ok', service: 'shop' });
      if (shop.metricsUrl !== undefined) {
        expect(await (await fetch(`${shop.url}/orders`, { method: 'POST' })).json()).toEqual({ placed: true });
        expect(await (await fetch(`${shop.metricsUrl}/health`)).json()).toMatchObject({ status: 'ok' });
        const page = await (await fetch(`${shop.metricsUrl}/metrics`)).text();
        expect(page).toContain('\nshop_orders_total{outcome="paid"} 1\nshop_orders_total{outcome="refused"} 0\n');
      }
      expect(await shop.end()).toBe(0);
    }
    expect(collector.spans.map((span) => span.name)).toEqual(['POST /orders']);
  });

  test('compiles against the types of the package, and what must not compile does not', async () => {
    const project = installed.current;
    await project.copy(shopServiceModule);
    await project.write('free-variables.d.ts', freeVariables);
    for (const { name, code } of blocks) await project.write(name, code);
    await project.write('wrong.ts', wrongCalls);
    const wrong = wrongCalls.split('\n').flatMap((line, index) => (line.endsWith('// wrong') ? [index + 1] : []));
    const errors = await typeCheck(project);
    expect(errors.map((error) => error.split(',')[0])).toEqual(wrong.map((line) => `wrong.ts(${line}`));
  });

  test('runs, also where it is a fragment', async () => {
    const project = installed.current;
    const [runner] = await Promise.all([fragmentRunner, shopServiceModule].map((file) => project.copy(file)));
    const files = await Promise.all(fragments.map(({ name, code }) => project.write(name, code)));
    const output = execFileSync(project.node, [String(runner), ...files], { encoding: 'utf8' });
    expect(output).toContain(`${fragments.length} fragments have run`);
  });
});

test('a service of node:http compiles and runs where neither Fastify nor Connect is installed', async () => {
  const project = installed.small;
  const packages = await readdir(join(project.folder, 'node_modules'));
  expect(packages.filter((name) => /fastify|connectrpc/.test(name))).toEqual(['fastify-plugin']);
  const program = await project.copy(nodeHttpExample);
  expect(await typeCheck(project)).toEqual([]);

  const collector = await startOtlpReceiver();
  onTestFinished(() => collector.close());
  const shop = await startShop(project.node, program, collector.endpoint);
  expect(await (await fetch(`${shop.url}/orders`, { method: 'POST' })).json()).toEqual({ id: 'o-1' });
  expect(await (await fetch(`${shop.metricsUrl}/metrics`)).text()).toContain('\nshop_orders_total{outcome="paid"} 1\n');
  expect(await shop.end()).toBe(0);
});
