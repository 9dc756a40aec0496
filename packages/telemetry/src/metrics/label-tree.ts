import type { LabelSet } from '../definitions/definition.ts';

/** Maps label sets to values with one Map per label, so that no combined key is built and none can collide. */
export interface LabelTree<Leaf> {
  /** `undefined` also for a set with a missing or additional label, or a value that is not a string. */
  find(labels: LabelSet): Leaf | undefined;
  /** Sets the leaf of a complete label set. */
  put(labels: LabelSet, leaf: Leaf): void;
  /** Removes the leaf of a complete label set, and the branches that become empty. */
  remove(labels: LabelSet): void;
}

interface Branch<Leaf> {
  leaf: Leaf | undefined;
  /** By the value of the next label; `undefined` after the last label, where an empty Map would cost more than the leaf. */
  readonly branches: Map<string, Branch<Leaf>> | undefined;
}

/** Makes an empty tree for labels of these names. */
export function createLabelTree<Leaf>(labelNames: readonly string[]): LabelTree<Leaf> {
  const createBranch = (level: number): Branch<Leaf> => ({
    leaf: undefined,
    branches: level < labelNames.length ? new Map() : undefined,
  });
  const root = createBranch(0);

  const removeBelow = (branch: Branch<Leaf>, labels: LabelSet, level: number): void => {
    const name = labelNames[level];
    if (name === undefined) {
      branch.leaf = undefined;
      return;
    }
    const value = labels[name] ?? '';
    const next = branch.branches?.get(value);
    if (next === undefined) return;
    removeBelow(next, labels, level + 1);
    if (next.leaf === undefined && (next.branches?.size ?? 0) === 0) branch.branches?.delete(value);
  };

  return {
    find(labels) {
      let given = 0;
      for (const _name in labels) given += 1;
      if (given !== labelNames.length) return undefined;
      let branch = root;
      for (const name of labelNames) {
        const value: unknown = labels[name];
        const next = typeof value === 'string' ? branch.branches?.get(value) : undefined;
        if (next === undefined) return undefined;
        branch = next;
      }
      return branch.leaf;
    },
    put(labels, leaf) {
      let branch = root;
      for (const [index, name] of labelNames.entries()) {
        const value = labels[name] ?? '';
        const next = branch.branches?.get(value) ?? createBranch(index + 1);
        branch.branches?.set(value, next);
        branch = next;
      }
      branch.leaf = leaf;
    },
    remove: (labels) => removeBelow(root, labels, 0),
  };
}
