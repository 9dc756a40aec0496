/** Where a VM is in its life. The words are the values of the label `state`. */
export const vmStates = ['created', 'running', 'paused', 'shutdown'] as const;
export type VmState = (typeof vmStates)[number];

/** What can be done to a VM. The words are the values of the label `operation`. */
export const vmOperations = ['create', 'boot', 'shutdown', 'pause', 'resume', 'reboot', 'delete'] as const;
export type VmOperation = (typeof vmOperations)[number];

/** An operation on a VM that exists. */
export type VmTransition = Exclude<VmOperation, 'create'>;

/**
 * The state machine that metald documents (the real service leaves it to the hypervisor): from where an operation is
 * allowed, and where it leads. A VM that was shut down can only be deleted.
 */
const transitions: Readonly<Record<VmTransition, { from: readonly VmState[]; to: VmState | 'deleted' }>> = {
  boot: { from: ['created'], to: 'running' },
  pause: { from: ['running'], to: 'paused' },
  resume: { from: ['paused'], to: 'running' },
  reboot: { from: ['running'], to: 'running' },
  shutdown: { from: ['running', 'paused'], to: 'shutdown' },
  delete: { from: ['created', 'shutdown'], to: 'deleted' },
};

/** The state after an operation, or `undefined` when it is not allowed from this one. */
export function stateAfter(operation: VmTransition, state: VmState): VmState | 'deleted' | undefined {
  const { from, to } = transitions[operation];
  return from.includes(state) ? to : undefined;
}

/** The states from which an operation is allowed. */
export function allowedFrom(operation: VmTransition): readonly VmState[] {
  return transitions[operation].from;
}
