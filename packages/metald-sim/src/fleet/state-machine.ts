/** The states of a VM: values of the label `state`. */
export const vmStates = ['created', 'running', 'paused', 'shutdown'] as const;
export type VmState = (typeof vmStates)[number];

/** The operations on a VM: values of the label `operation`. */
export const vmOperations = ['create', 'boot', 'shutdown', 'pause', 'resume', 'reboot', 'delete'] as const;
export type VmOperation = (typeof vmOperations)[number];

/** An operation on a VM that exists. */
export type VmTransition = Exclude<VmOperation, 'create'>;

/**
 * The state machine of metald's documentation (the real service leaves it to the hypervisor): the states in which an
 * operation is allowed, and the state after it. A VM that was shut down can only be deleted.
 */
const transitions: Readonly<Record<VmTransition, { from: readonly VmState[]; to: VmState | 'deleted' }>> = {
  boot: { from: ['created'], to: 'running' },
  pause: { from: ['running'], to: 'paused' },
  resume: { from: ['paused'], to: 'running' },
  reboot: { from: ['running'], to: 'running' },
  shutdown: { from: ['running', 'paused'], to: 'shutdown' },
  delete: { from: ['created', 'shutdown'], to: 'deleted' },
};

/** The state after an operation, or `undefined` when it is not allowed in this state. */
export function stateAfter(operation: VmTransition, state: VmState): VmState | 'deleted' | undefined {
  const { from, to } = transitions[operation];
  return from.includes(state) ? to : undefined;
}

/** The states in which an operation is allowed. */
export function allowedFrom(operation: VmTransition): readonly VmState[] {
  return transitions[operation].from;
}
