import { UsageError } from '@vmobs/telemetry';
import { benchBilling } from './billing.ts';
import { benchExposition } from './exposition.ts';
import { benchFleet } from './fleet.ts';
import { benchInstruments } from './instruments.ts';
import { machine } from './machine.ts';
import { benchRequest } from './request.ts';

/*
 * `pnpm bench` runs all, `pnpm bench exposition` one of them; flags after its name are its own. Each prints a table of
 * this project and its peers, measured in the same run.
 */

const help = `Usage: pnpm bench [NAME [flags]]

Measures this project and its peers in the same run; without a name all of it, one after the other.

  billing       what billaged takes, and where the time of a batch goes
      --rounds 3                      each step is measured so often, all of them in turns
      --seconds 600                   nothing but the whole service, so long
  exposition    what a scrape costs
      --series 10000,100000,1000000   sizes, multiples of 4
      --peers ours,prom-client        some of them
      --changed 0,0.1,1               shares of the values that are changed before each scrape
      --rounds 5                      scrapes of which the median is told
  fleet         what a metald costs that samples a fleet
  instruments   what a call of an instrument costs
  request       what telemetry adds to a request

Exit status: 0 done, 1 failed, 2 a name or flag that cannot be used.
`;

const benches: Readonly<Record<string, (args: readonly string[]) => Promise<void>>> = {
  billing: benchBilling,
  exposition: benchExposition,
  fleet: benchFleet,
  instruments: benchInstruments,
  request: benchRequest,
};

const [chosen, ...args] = process.argv.slice(2);
if (process.argv.some((argument) => argument === '--help' || argument === '-h')) {
  process.stdout.write(help);
  process.exit();
}
if (chosen !== undefined && benches[chosen] === undefined) {
  refuse(`there is no ${chosen}; there is ${Object.keys(benches).join(', ')}`);
}

process.stdout.write(`${machine()}\n`);
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
