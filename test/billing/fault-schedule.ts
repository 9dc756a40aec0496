/** A fault that is switched on for a while. */
export interface ScheduledFault {
  readonly name: string;
  readonly body: Readonly<Record<string, unknown>>;
}

/** By how many seconds the fault `clock-skew` sets samples ahead. */
export const clockSkewSeconds = 2;

/** What may go wrong on the side of metald: nothing that a bill must not survive. */
export const metaldFaults: readonly ScheduledFault[] = [
  { name: 'duplicate-sends', body: { size: 0.5 } },
  { name: 'billing-endpoint-failing', body: { size: 0.5 } },
  { name: 'billing-endpoint-slow', body: { size: 200 } },
  { name: 'sample-gaps', body: { size: 0.3 } },
  { name: 'clock-skew', body: { size: clockSkewSeconds } },
  { name: 'event-loop-stall', body: { size: 200, every_s: 0.2 } },
];

/** What may go wrong on the side of billaged. */
export const billagedFaults: readonly ScheduledFault[] = [
  { name: 'lost-acknowledgements', body: { size: 0.5 } },
  { name: 'processing-errors', body: { size: 0.5 } },
  { name: 'slow-processing', body: { size: 150 } },
  { name: 'ledger-unavailable', body: {} },
  { name: 'disk-full', body: {} },
  { name: 'api-errors', body: { size: 0.5, code: 'internal' } },
  { name: 'aggregation-failures', body: {} },
  { name: 'event-loop-stall', body: { size: 200, every_s: 0.2 } },
];

const ofTheProcess = {
  'cpu-burn': 'it slows the process down as event-loop-stall does, which is in the schedule',
  'memory-growth': 'no memory is short in a test, so nothing would change',
  'log-flood': 'it has no effect on bills',
  'process-crash': 'the proof kills billaged itself, and samples that metald has in memory are lost with it',
  'metrics-slow': 'it would slow down the scrapes by which the proof waits',
  'metrics-down': 'it would fail the scrapes by which the proof waits',
  'api-latency': 'slow-processing and billing-endpoint-slow, which are in the schedule, have the same effect on bills',
} as const;

/** Faults that are not in the schedule of a service, each with the reason. */
export const notScheduled = {
  metald: {
    ...ofTheProcess,
    'api-errors': 'it would fail the RPCs by which the proof makes VMs',
    'boot-failures': 'it would fail the RPCs by which the proof makes VMs',
    'slow-boots': 'it only delays the start of a VM',
    'backend-unreachable': 'it would fail the RPCs by which the proof makes VMs',
    'spool-failing': 'it loses samples, so the bill is not the truth any more',
  },
  billaged: ofTheProcess,
} as const satisfies Readonly<Record<string, Readonly<Record<string, string>>>>;

/** Switches a fault on, for so long that it may not end before it is switched off. */
export async function switchOn(url: string, { name, body }: ScheduledFault): Promise<void> {
  const answer = await fetch(`${url}/sim/faults/${name}`, { method: 'PUT', body: JSON.stringify(body) });
  if (!answer.ok) throw new Error(`${name}: ${await answer.text()}`);
}

/** Switches all faults of a service off. */
export async function switchAllOff(url: string): Promise<void> {
  const answer = await fetch(`${url}/sim/faults`, { method: 'DELETE' });
  if (!answer.ok) throw new Error(await answer.text());
}
