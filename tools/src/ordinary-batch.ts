import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import asc from 'assemblyscript/asc';

const source = 'packages/billaged-sim/assembly/ordinary-batch.ts';
const target = 'packages/billaged-sim/src/rpc/batch-decoder/ordinary-batch-module.ts';

/** Pages of 64 KB that the module has: room for a body and for the columns. It never grows. */
const memoryPages = '3';

/**
 * Compiles the reader of ordinary batches to WebAssembly, as a text that a module of JavaScript can hold.
 *
 * @returns the content by path from the root
 * @throws Error for a finding of the compiler, warnings included
 */
export async function compileOrdinaryBatch(root: string): Promise<Map<string, string>> {
  let compiled = new Uint8Array();
  const arguments_ = [
    ...['ordinary-batch.ts', '--outFile', 'ordinary-batch.wasm', '--runtime', 'stub', '--noAssert'],
    ...['-O3', '--zeroFilledMemory', '--initialMemory', memoryPages, '--maximumMemory', memoryPages],
  ];
  const { error, stderr } = await asc.main(arguments_, {
    readFile: (name) => (name === 'ordinary-batch.ts' ? readFile(join(root, source), 'utf8') : null),
    writeFile: (_name, contents) => {
      if (typeof contents !== 'string') compiled = Uint8Array.from(contents);
    },
    listFiles: () => [],
  });
  const findings = stderr.toString();
  if (error !== null || findings !== '') throw new Error(`${source} does not compile:\n${findings}`, { cause: error });
  const text = Buffer.from(compiled).toString('base64');
  const lines = text.match(/.{1,100}/g) ?? [];
  return new Map([
    [
      target,
      `/** WebAssembly in base64: \`${source}\`, compiled by \`pnpm generate\`. */\nexport const ordinaryBatchModule =\n${lines.map((line) => `  '${line}'`).join(' +\n')};\n`,
    ],
  ]);
}
