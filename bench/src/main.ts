import { benchExposition } from './exposition.ts';
import { machine } from './machine.ts';

/*
 * `pnpm bench` runs all, `pnpm bench exposition` one of them. Each prints a table of this project and its peers, measured
 * in the same run.
 */

const benches: Readonly<Record<string, () => Promise<void>>> = { exposition: benchExposition };

const chosen = process.argv.slice(2);
const unknown = chosen.filter((name) => benches[name] === undefined);
if (unknown.length > 0) {
  process.stderr.write(`bench: there is no ${unknown.join(', ')}; there is ${Object.keys(benches).join(', ')}\n`);
  process.exit(2);
}

process.stdout.write(`${machine()}\n`);
for (const [name, run] of Object.entries(benches)) {
  if (chosen.length > 0 && !chosen.includes(name)) continue;
  process.stdout.write(`\n${name}\n`);
  await run();
}
