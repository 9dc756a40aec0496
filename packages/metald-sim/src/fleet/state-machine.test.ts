import { expect, test } from 'vitest';
import { allowedFrom, stateAfter, type VmState, type VmTransition, vmOperations, vmStates } from './state-machine.ts';

const refused = undefined;

/** The documentation of metald, one column a state: where each operation leads, and where it is refused. */
const documented: Record<VmTransition, Record<VmState, VmState | 'deleted' | undefined>> = {
  boot: { created: 'running', running: refused, paused: refused, shutdown: refused },
  pause: { created: refused, running: 'paused', paused: refused, shutdown: refused },
  resume: { created: refused, running: refused, paused: 'running', shutdown: refused },
  reboot: { created: refused, running: 'running', paused: refused, shutdown: refused },
  shutdown: { created: refused, running: 'shutdown', paused: 'shutdown', shutdown: refused },
  delete: { created: 'deleted', running: refused, paused: refused, shutdown: 'deleted' },
};

const transitions = ['boot', 'pause', 'resume', 'reboot', 'shutdown', 'delete'] as const;
const pairs = transitions.flatMap((operation) => vmStates.map((state) => [operation, state] as const));

test('the states and operations are the documented ones', () => {
  expect([...vmStates].sort()).toEqual(['created', 'paused', 'running', 'shutdown']);
  expect([...vmOperations].sort()).toEqual(['create', ...transitions].sort());
});

test.for(pairs)('%s of a VM that is %s leads where the documentation says', ([operation, state]) => {
  expect(stateAfter(operation, state)).toBe(documented[operation][state]);
});

test.for(pairs)('%s lists the state %s as a possible start only if it is allowed there', ([operation, state]) => {
  expect(allowedFrom(operation).includes(state)).toBe(documented[operation][state] !== refused);
});
