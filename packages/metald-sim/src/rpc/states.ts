import { VmState as WireState } from '@vmobs/wire/vmprovisioner';
import type { VmState } from '../fleet/state-machine.ts';

const wireStates: Readonly<Record<VmState, WireState>> = {
  created: WireState.CREATED,
  running: WireState.RUNNING,
  paused: WireState.PAUSED,
  shutdown: WireState.SHUTDOWN,
};

/** A state as it is sent. */
export function toWireState(state: VmState): WireState {
  return wireStates[state];
}

/** A state as it was received; `undefined` for numbers that are no state. */
export function fromWireState(wire: WireState): VmState | undefined {
  return (['created', 'running', 'paused', 'shutdown'] as const).find((state) => wireStates[state] === wire);
}
