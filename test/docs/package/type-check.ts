import { spawnSync } from 'node:child_process';
import { fileIn, type UserProject } from './user-project.ts';

/** What the reader of a fragment has by then, for the compiler. `run-fragments.ts` has the same. */
export const freeVariables = `
import type { ConnectRouter } from '@connectrpc/connect';
import type { Telemetry } from '@vmobs/telemetry';
import type { FastifyInstance } from 'fastify';

declare global {
  const telemetry: Telemetry;
  const app: FastifyInstance;
  const billingUrl: string;
  const routes: (router: ConnectRouter) => void;
}
`;

/** As strict as it gets, so that the types of the library stand any project. */
const compilerOptions = {
  noEmit: true,
  strict: true,
  noUncheckedIndexedAccess: true,
  exactOptionalPropertyTypes: true,
  noPropertyAccessFromIndexSignature: true,
  erasableSyntaxOnly: true,
  verbatimModuleSyntax: true,
  target: 'es2024',
  module: 'nodenext',
  allowImportingTsExtensions: true,
  types: ['node'],
};

/**
 * Checks all TypeScript of a project, the declarations that it imports included, with the compiler of this repository.
 *
 * @returns its errors, a line each
 */
export async function typeCheck(project: UserProject): Promise<string[]> {
  await project.write('tsconfig.json', JSON.stringify({ compilerOptions }));
  const tsc = fileIn(import.meta.resolve('typescript/package.json'), 'bin/tsc');
  const { stdout, error } = spawnSync(process.execPath, [tsc, '--pretty', 'false'], {
    cwd: project.folder,
    encoding: 'utf8',
  });
  if (error) throw error;
  return stdout.split('\n').filter((line) => line.includes('error TS'));
}
