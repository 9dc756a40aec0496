import { UsageError } from '@vmobs/settings';
import { benchBilling } from './billing.ts';
import { benchExposition } from './exposition.ts';
import { benchFleet } from './fleet.ts';
import { benchInstruments } from './instruments.ts';
import { benchLogs } from './logs.ts';
import { describeMachine } from './report.ts';
import { benchRequest } from './request.ts';

/*
 * `pnpm bench` runs all benchmarks, `pnpm bench exposition` one, with its flags after its name. Each prints a table of this
 * project and its peers, measured in the same run.
 */

const help = `Usage: pnpm bench [NAME [flags]]

Measures this project and its peers in the same run; without a name it runs all benchmarks in turn.

  billing       throughput of billaged, and the cost of each step of a batch
      --rounds 3                      measurements of each step, in turns
      --seconds 600                   only the whole service, for this long
  exposition    cost of a scrape
      --series 10000,100000,1000000   sizes, multiples of 4
      --peers ours,prom-client        a selection
      --changed 0,0.1,1               shares of the values that change before each scrape
      --rounds 5                      scrapes; the table has their median
  fleet         cost of a metald that samples a fleet
  instruments   cost of a call of an instrument
  logs          cost of a log line
  request       CPU that telemetry adds to a request

Exit status: 0 done, 1 failed, 2 invalid name or flag.
`;

const benches: Readonly<Record<string, (args: readonly string[]) => Promise<void>>> = {
  billing: benchBilling,
  exposition: benchExposition,
  fleet: benchFleet,
  instruments: benchInstruments,
  logs: benchLogs,
  request: benchRequest,
};

const [chosen, ...args] = process.argv.slice(2);
if (process.argv.some((argument) => argument === '--help' || argument === '-h')) {
  process.stdout.write(help);
  process.exit();
}
if (chosen !== undefined && benches[chosen] === undefined) {
  refuse(`unknown benchmark ${chosen}; allowed: ${Object.keys(benches).join(', ')}`);
}

process.stdout.write(`${describeMachine()}\n`);
for (const [name, run] of Object.entries(benches)) {
  if (chosen !== undefined && chosen !== name) continue;
  process.stdout.write(`\n${name}\n`);
  await run(args).catch((error: unknown) => {
    if (error instanceof UsageError) refuse(error.message);
    throw error;
  });
}

function refuse(reason: string): never {
  process.stderr.write(`bench: ${reason}\n`);
  process.exit(2);
}
