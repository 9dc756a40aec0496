import { styleText } from 'node:util';
import { createLogUpdate } from 'log-update';
import type { Status } from './status.ts';

/** A running program and its addresses. */
export interface Place {
  readonly name: string;
  readonly urls: readonly string[];
}

/** The output of the demo. */
export interface Display {
  /** Prints an event. */
  say(line: string): void;
  /** Prints the addresses; on a terminal, with each status. */
  showPlaces(places: readonly Place[]): void;
  show(status: Status): void;
  /** Keeps the last status on the screen and stops. */
  end(): void;
}

/** Width of the longest name, node_exporter. */
const nameWidth = 13;

/** Interval of the status: a live block each second, a plain line less often. */
export const refreshMs = { live: 1_000, plain: 10_000 };

/** Creates a block that is updated in place on a terminal, and plain lines elsewhere. */
export function createDisplay(stream: NodeJS.WriteStream): Display {
  if (!stream.isTTY) {
    return {
      say: (line) => stream.write(`${line}\n`),
      showPlaces: (places) => stream.write(`${writePlaces(places)}\n`),
      show: (status) => stream.write(`${writeLine(status)}\n`),
      end: () => undefined,
    };
  }
  const block = createLogUpdate(stream);
  let shown: readonly Place[] = [];
  return {
    say: (line) => block.persist(line),
    showPlaces(places) {
      shown = places;
    },
    show: (status) => block(writeBlock(status, shown)),
    end: () => block.done(),
  };
}

/** A line for each running program. */
function writePlaces(places: readonly Place[]): string {
  return places.map(({ name, urls }) => `${name.padEnd(nameWidth)}  ${urls.join('  ')}`).join('\n');
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

function writeBlock(status: Status, places: readonly Place[]): string {
  const dim = (text: string) => styleText('dim', text);
  const count = (value: number, style: 'green' | 'yellow') => styleText(value > 0 ? style : 'dim', String(value));
  const bad = (value: number) => styleText(value > 0 ? 'red' : 'green', String(value));
  const { vms } = status;
  return [
    '',
    `${styleText('bold', 'vmobs demo')}  ${dim(`${Math.round(status.seconds)} s, press Ctrl-C to stop`)}`,
    '',
    writePlaces(places).replace(/^/gm, '  '),
    '',
    `  VMs            ${count(vms.running, 'green')} running  ${count(vms.created, 'yellow')} created  ${count(vms.paused, 'yellow')} paused  ${count(vms.shutdown, 'yellow')} shut down`,
    `  traffic        ${status.rpcsPerSecond.toFixed(1)} RPCs/s`,
    `  billing        ${status.samplesPerSecond.toFixed(0)} samples/s  ${status.batchesSent} batches sent, ${bad(status.batchesFailed)} failed  ${status.samplesBilled} samples billed`,
    `  errors         ${bad(status.errors)} in the services, ${bad(status.clientErrors)} at the clients${status.lastClientError === '' ? '' : dim(`  last: ${status.lastClientError}`)}`,
    '',
  ].join('\n');
}
