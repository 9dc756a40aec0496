/** A fault that is switched on for a while. */
export interface ScheduledFault {
  readonly name: string;
  readonly body: Readonly<Record<string, unknown>>;
}

/** What may go wrong on the side of metald: nothing that a bill must not survive. */
export const metaldFaults: readonly ScheduledFault[] = [
  { name: 'duplicate-sends', body: { size: 0.5 } },
  { name: 'billing-endpoint-failing', body: { size: 0.5 } },
  { name: 'billing-endpoint-slow', body: { size: 200 } },
  { name: 'sample-gaps', body: { size: 0.3 } },
  { name: 'clock-skew', body: { size: 2 } },
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
