import { styleText } from 'node:util';
import { createLogUpdate } from 'log-update';
import type { Status } from './status.ts';

/** What is always shown: where things are. */
export interface Addresses {
  readonly metald: string;
  readonly metaldMetrics: string;
  readonly billaged: string;
  readonly billagedMetrics: string;
  readonly logs: string;
}

/** Shows the demo to a person. */
export interface Display {
  /** Says that something has happened. */
  say(line: string): void;
  show(status: Status): void;
  /** Leaves what is shown and shows no more. */
  end(): void;
}

/** How often a status is shown: a live block each second, a plain line less often. */
export const refreshMs = { live: 1_000, plain: 10_000 };

/** Makes a block that is written over on a terminal, and plain lines elsewhere. */
export function createDisplay(stream: NodeJS.WriteStream, addresses: Addresses): Display {
  if (!stream.isTTY) {
    return {
      say: (line) => stream.write(`${line}\n`),
      show: (status) => stream.write(`${writeLine(status)}\n`),
      end: () => undefined,
    };
  }
  const block = createLogUpdate(stream);
  return {
    say: (line) => block.persist(line),
    show: (status) => block(writeBlock(status, addresses)),
    end: () => block.done(),
  };
}

/** The lines that tell where things are, for people who read plain lines. */
export function writeAddresses({ metald, metaldMetrics, billaged, billagedMetrics, logs }: Addresses): string {
  return [
    `metald    ${metald}  ${metaldMetrics}/metrics`,
    `billaged  ${billaged}  ${billagedMetrics}/metrics`,
    `logs      ${logs}`,
  ].join('\n');
}

/** One line for a status. */
export function writeLine(status: Status): string {
  const { vms } = status;
  return [
    `${Math.round(status.seconds)}s`,
    `vms created=${vms.created} running=${vms.running} paused=${vms.paused} shutdown=${vms.shutdown}`,
    `rpcs/s=${status.rpcsPerSecond.toFixed(1)}`,
    `samples/s=${status.samplesPerSecond.toFixed(0)}`,
    `batches sent=${status.batchesSent} failed=${status.batchesFailed}`,
    `billed=${status.samplesBilled}`,
    `errors=${status.errors + status.clientErrors}`,
  ].join('  ');
}

function writeBlock(status: Status, addresses: Addresses): string {
  const dim = (text: string) => styleText('dim', text);
  const count = (value: number, style: 'green' | 'yellow') => styleText(value > 0 ? style : 'dim', String(value));
  const bad = (value: number) => styleText(value > 0 ? 'red' : 'green', String(value));
  const { vms } = status;
  return [
    '',
    `${styleText('bold', 'vmobs demo')}  ${dim(`${Math.round(status.seconds)} s, Ctrl-C ends it`)}`,
    '',
    `  metald    ${addresses.metald}  ${styleText('cyan', `${addresses.metaldMetrics}/metrics`)}`,
    `  billaged  ${addresses.billaged}  ${styleText('cyan', `${addresses.billagedMetrics}/metrics`)}`,
    `  logs      ${dim(addresses.logs)}`,
    '',
    `  VMs       ${count(vms.running, 'green')} running  ${count(vms.created, 'yellow')} created  ${count(vms.paused, 'yellow')} paused  ${count(vms.shutdown, 'yellow')} shut down`,
    `  traffic   ${status.rpcsPerSecond.toFixed(1)} RPCs/s`,
    `  billing   ${status.samplesPerSecond.toFixed(0)} samples/s  ${status.batchesSent} batches sent, ${bad(status.batchesFailed)} failed  ${status.samplesBilled} samples billed`,
    `  errors    ${bad(status.errors)} in the services, ${bad(status.clientErrors)} at the clients${status.lastClientError === '' ? '' : dim(`  last: ${status.lastClientError}`)}`,
    '',
  ].join('\n');
}
