import { glob, readFile } from 'node:fs/promises';
import { join, sep } from 'node:path';

const telemetryFolder = join(import.meta.dirname, '../../../packages/telemetry');

/** Where the README of the library is. */
export const telemetryReadme = join(telemetryFolder, 'README.md');

/** The service that code of the documentation imports: what a generator would have written. */
export const shopServiceModule = join(telemetryFolder, 'examples/shop-service.ts');

/** A whole service without Fastify and Connect. */
export const nodeHttpExample = join(telemetryFolder, 'examples/node-http.ts');

/** Code that the documentation shows. */
export interface CodeBlock {
  /** Where it is, as the name of a file. */
  readonly name: string;
  readonly code: string;
}

/** All TypeScript of the README, in its order. */
export async function readmeBlocks(): Promise<CodeBlock[]> {
  return fencedBlocks(await readFile(telemetryReadme, 'utf8')).map((code, index) => ({
    name: `readme-${index + 1}.ts`,
    code,
  }));
}

/**
 * All examples in the sources of the library.
 *
 * @throws Error for an example that is not TypeScript in a fence: nobody would run it
 */
export async function sourceExamples(): Promise<CodeBlock[]> {
  const blocks: CodeBlock[] = [];
  for await (const file of glob('src/**/*.ts', { cwd: telemetryFolder })) {
    const source = await readFile(join(telemetryFolder, file), 'utf8');
    for (const [index, comment] of examplesIn(source).entries()) {
      const [code] = fencedBlocks(comment);
      if (code === undefined) throw new Error(`${file}: an @example is not a block of \`\`\`ts`);
      blocks.push({ name: `${file.slice('src/'.length, -'.ts'.length).replaceAll(sep, '-')}-${index + 1}.ts`, code });
    }
  }
  return blocks;
}

/** What follows each `@example` up to the end of its comment, without the asterisks in front. */
function examplesIn(source: string): string[] {
  return Array.from(source.matchAll(/^ *\* @example\n((?: *\*(?!\/).*\n)*)/gm), ([, lines = '']) =>
    lines.replaceAll(/^ *\* ?/gm, ''),
  );
}

function fencedBlocks(text: string): string[] {
  return Array.from(text.matchAll(/^```ts\n(.*?)^```$/gms), ([, code = '']) => code);
}
