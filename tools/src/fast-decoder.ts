import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import asc from 'assemblyscript/asc';

const source = 'packages/billaged-sim/assembly/fast-decoder.ts';
const target = 'packages/billaged-sim/src/rpc/batch-decoder/fast-decoder-module.ts';

/** Number of 64 KB pages of the module's memory, for a body and the columns. It never grows. */
const memoryPages = '3';

/**
 * Compiles billaged's fast decoder to WebAssembly, as base64 text in a TypeScript module.
 *
 * @returns the content by path from the root
 * @throws Error for a finding of the compiler, warnings included
 */
export async function compileFastDecoder(root: string): Promise<Map<string, string>> {
  let compiled = new Uint8Array();
  const arguments_ = [
    ...['fast-decoder.ts', '--outFile', 'fast-decoder.wasm', '--runtime', 'stub', '--noAssert'],
    ...['-O3', '--zeroFilledMemory', '--initialMemory', memoryPages, '--maximumMemory', memoryPages],
  ];
  const { error, stderr } = await asc.main(arguments_, {
    readFile: (name) => (name === 'fast-decoder.ts' ? readFile(join(root, source), 'utf8') : null),
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
      `/** WebAssembly in base64: \`${source}\`, compiled by \`pnpm generate\`. */\nexport const fastDecoderModule =\n${lines.map((line) => `  '${line}'`).join(' +\n')};\n`,
    ],
  ]);
}
