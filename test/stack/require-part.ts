import { findPart } from '@vmobs/lab/parts';

/**
 * The path of a real part.
 *
 * @throws Error that says how to get it: a test of the real thing does not pass without it.
 */
export async function requirePart(name: Parameters<typeof findPart>[0]): Promise<string> {
  const part = await findPart(name);
  if (part === undefined) throw new Error(`${name} is not on this machine; build it with: npx -y pnpm@12 parts`);
  return part.path;
}
