import { kinds, type SettingValues, setting } from '@vmobs/settings';

/** Settings of the demo. The variables of both services apply as well. */
export const demoSettings = {
  clients: setting({
    variables: ['VMOBS_DEMO_CLIENTS'],
    flag: 'clients',
    kind: kinds.integer({ min: 0, max: 1_000 }),
    default: 8,
    help: 'number of clients; each has one VM at a time',
  }),
  lifeMs: setting({
    variables: ['VMOBS_DEMO_LIFE'],
    flag: 'life',
    kind: kinds.duration,
    default: 30_000,
    help: 'average lifetime of a VM',
  }),
  seed: setting({
    variables: ['VMOBS_DEMO_SEED'],
    flag: 'seed',
    kind: kinds.integer({ min: 0, max: 100_000 }),
    default: 1,
    help: 'seed of the traffic and of the simulated VMs',
  }),
  timeScale: setting({
    variables: ['VMOBS_DEMO_TIME_SCALE'],
    flag: 'time-scale',
    kind: kinds.number({ min: 0.001, max: 1_000_000 }),
    default: 20,
    help: 'how many times faster than in reality VMs boot and stop',
  }),
  portOffset: setting({
    variables: ['VMOBS_DEMO_PORT_OFFSET'],
    flag: 'port-offset',
    kind: kinds.integer({ min: 0, max: 50_000 }),
    default: 0,
    help: 'added to every port, if the usual ones are in use',
  }),
  forMs: setting({
    variables: ['VMOBS_DEMO_FOR'],
    flag: 'for',
    kind: kinds.duration,
    default: 0,
    help: 'end after this time; 0 means until Ctrl-C',
  }),
};

/** Values of the settings of the demo. */
export type DemoConfig = SettingValues<typeof demoSettings>;
