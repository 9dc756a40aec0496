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

const benches: Readonly<Record<string, (args: readonly string[]) => Promise<void>>> = {
  billing: benchBilling,
  exposition: benchExposition,
  fleet: benchFleet,
  instruments: benchInstruments,
  request: benchRequest,
};

const [chosen, ...args] = process.argv.slice(2);
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
