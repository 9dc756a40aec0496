export { type Chance, createSeededChance } from './chance.ts';
export type { Fault } from './fault.ts';
export { addFaultRoutes, type FaultPage, type FaultState } from './fault-routes.ts';
export { createFaultSwitch, type FaultSwitch } from './fault-switch.ts';
export { createFaults, type Faults } from './faults.ts';
export { probability } from './parameters.ts';
export { createServiceFaults, type ServiceFaults } from './service-faults.ts';
export { controlSettings, readControlToken, requireToken } from './sim-control.ts';
