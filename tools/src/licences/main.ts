#!/usr/bin/env node
import { join } from 'node:path';
import { runCommand } from '@vmobs/settings';
import packageJson from '../../package.json' with { type: 'json' };
import { findProblems } from './check.ts';
import { imageLicences } from './image-licences.ts';
import { allDependencies, takeInventory } from './inventory.ts';
import { exceptions } from './policy.ts';

await runCommand({
  name: 'check:licences',
  version: packageJson.version,
  summary:
    'Checks the licence of every npm package, Go module, jar and bundled library against the policy, and reports images without a known licence. Needs neither Go, Java nor a network.',
  settings: {},
  prefixes: [],
  main: async () => {
    const inventory = await takeInventory(join(import.meta.dirname, '../../..'));
    const problems = findProblems(inventory, exceptions, imageLicences);
    if (problems.length > 0) {
      process.stderr.write(`${problems.join('\n')}\n`);
      return 1;
    }
    const count = allDependencies(inventory).length;
    process.stdout.write(
      `${count} dependencies have an allowed licence, and ${inventory.images.length} images a known one\n`,
    );
    return 0;
  },
});
