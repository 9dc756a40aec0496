#!/usr/bin/env node
import { join } from 'node:path';
import { runCommand } from '@vmobs/settings';
import packageJson from '../../package.json' with { type: 'json' };
import { lintRepository } from './lint-repository.ts';

await runCommand({
  name: 'check:queries',
  version: packageJson.version,
  summary: 'Finds mistakes in every PromQL query of compose/, each printed as file:line:column rule-id message.',
  settings: {},
  prefixes: [],
  main: async () => {
    const { findings, queryCount, fileCount } = await lintRepository(join(import.meta.dirname, '../../../..'));
    for (const { file, line, column, rule, message, query } of findings)
      process.stdout.write(`${file}:${line}:${column} ${rule} ${message} (${query})\n`);
    if (findings.length > 0) return 1;
    process.stdout.write(`${queryCount} queries in ${fileCount} files, no findings\n`);
    return 0;
  },
});
