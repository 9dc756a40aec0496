import { VmState as WireState } from '@vmobs/wire/vmprovisioner';
import type { VmState } from '../fleet/state-machine.ts';

const wireStates: Readonly<Record<VmState, WireState>> = {
  created: WireState.CREATED,
  running: WireState.RUNNING,
  paused: WireState.PAUSED,
  shutdown: WireState.SHUTDOWN,
};

/** The state of the wire for a state of the fleet. */
export function toWireState(state: VmState): WireState {
  return wireStates[state];
}

/** The state of the fleet for a state of the wire; `undefined` for an unknown number. */
export function fromWireState(wire: WireState): VmState | undefined {
  return (['created', 'running', 'paused', 'shutdown'] as const).find((state) => wireStates[state] === wire);
}
