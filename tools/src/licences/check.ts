import { parseLicence } from './expression.ts';
import type { ImageLicence } from './image-licences.ts';
import type { ReferencedImage } from './images.ts';
import { allDependencies, type Inventory } from './inventory.ts';
import { allowances, type Exception, judge } from './policy.ts';

const imageFile = 'tools/src/licences/image-licences.ts';

/**
 * Checks an inventory against the policy.
 *
 * @param known licences of images by name
 * @returns a sentence for each problem, with what to do about it.
 */
export function findProblems(
  inventory: Inventory,
  exceptions: readonly Exception[],
  known: ReadonlyMap<string, ImageLicence>,
): string[] {
  return [
    ...judge(allDependencies(inventory), exceptions),
    ...inventory.npm.unreported.map(
      (id) => `pnpm does not report the licence of ${id}; run \`npx -y pnpm@12 install\``,
    ),
    ...inventory.stale,
    ...inventory.images.flatMap((image) => findImageProblems(image, known)),
    ...findUnusedImages(inventory.images, known),
  ];
}

/** Problems with the known licence of an image. Any licence is allowed, but it and its consequences must be stated. */
export function findImageProblems(
  { name, users }: ReferencedImage,
  known: ReadonlyMap<string, ImageLicence>,
): string[] {
  const what = `the image ${name}, used by ${users.join(', ')},`;
  const found = known.get(name);
  if (found === undefined) return [`${what} has no licence in ${imageFile}; add it`];
  const { licence, note } = found;
  if (parseLicence(licence) === undefined)
    return [`${what} is under "${licence}" in ${imageFile}, which is not an SPDX licence`];
  const isPermissive = allowances.some(({ licences, uses }) => licences.includes(licence) && uses.includes('shipped'));
  return isPermissive || note !== undefined
    ? []
    : [`${what} is under ${licence}; state in ${imageFile} what follows from that`];
}

function findUnusedImages(images: readonly ReferencedImage[], known: ReadonlyMap<string, ImageLicence>): string[] {
  const used = new Set(images.map(({ name }) => name));
  const unused = [...known.keys()].filter((name) => !used.has(name));
  return unused.map((name) => `no file uses the image ${name}; remove it from ${imageFile}`);
}
