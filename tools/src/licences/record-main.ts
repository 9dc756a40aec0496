#!/usr/bin/env node
import { join } from 'node:path';
import { kinds, runCommand, setting } from '@vmobs/settings';
import packageJson from '../../package.json' with { type: 'json' };
import { recordFile } from './licence-record.ts';
import { recordLicences } from './record-licences.ts';

await runCommand({
  name: 'generate:licences',
  version: packageJson.version,
  summary: `Records the modules that each Go program links, the jars of the parts from Maven Central, and the licences of both, in ${recordFile}. Needs Go, and for the jars a JDK and Maven; without these, the jars stay as recorded. These tools download what is not in their caches.`,
  settings: {
    only: setting({
      variables: [],
      flag: 'only',
      kind: kinds.text,
      default: '',
      help: 'folders, separated by commas, such as parts/jaeger; others stay as recorded. Default: all',
    }),
    check: setting({
      variables: [],
      flag: 'check',
      kind: kinds.boolean,
      default: false,
      help: 'write nothing; fail if the file is out of date',
    }),
  },
  prefixes: [],
  main: async ({ only, check }) => {
    const ending = new AbortController();
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => ending.abort());
    await recordLicences(join(import.meta.dirname, '../../..'), {
      ...(only === '' ? {} : { only: only.split(',').map((word) => word.trim()) }),
      isCheck: check,
      say: (line) => process.stdout.write(`${line}\n`),
      env: process.env,
      onStep: () => {},
      signal: ending.signal,
    });
    return 0;
  },
});
