import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';

/** The folder compose/. */
export const compose = join(import.meta.dirname, '../../compose');

/** A service of the compose files, as far as the tests look at it. */
export interface ComposeService {
  readonly image: string;
  readonly user?: string;
  readonly command?: readonly string[];
  readonly profiles?: readonly string[];
  readonly restart?: string;
  readonly read_only?: boolean;
  readonly cap_drop?: readonly string[];
  readonly cap_add?: readonly string[];
  readonly privileged?: boolean;
  readonly security_opt?: readonly string[];
  readonly mem_limit?: string;
  readonly ports?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly volumes?: readonly string[];
  readonly logging?: { readonly options?: Readonly<Record<string, string>> };
  readonly healthcheck?: { readonly test: readonly string[] };
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
}

/** Reads a file of compose/ as the YAML that Docker reads, with merge keys. */
export async function readComposeFile<T>(name: string): Promise<T> {
  return parse(await readFile(join(compose, name), 'utf8'), { merge: true }) as T;
}

/** Every service of every file that compose.yaml includes, by its name. */
export async function readComposeServices(): Promise<ReadonlyMap<string, ComposeService>> {
  const { include } = await readComposeFile<{ include: readonly { readonly path: string }[] }>('compose.yaml');
  const files = await Promise.all(
    include.map(({ path }) => readComposeFile<{ services: Record<string, ComposeService> }>(path)),
  );
  return new Map(files.flatMap(({ services }) => Object.entries(services)));
}

/** The limit of a service in MiB. @throws Error for one that is not written in `m` or `g` */
export function memoryLimit({ mem_limit: limit = '' }: Pick<ComposeService, 'mem_limit'>): number {
  const [, amount, unit] = /^(\d+)([mg])$/.exec(limit) ?? [];
  if (amount === undefined) throw new Error(`"${limit}" is no memory limit such as 64m`);
  return Number(amount) * (unit === 'g' ? 1_024 : 1);
}
