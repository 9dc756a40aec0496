#!/usr/bin/env node
import { enableCompileCache } from 'node:module';

/*
 * What Node makes of the sources is kept for the next start, in NODE_COMPILE_CACHE or a folder for temporary files: half
 * of the time of a start, and 27 MB of memory, go into taking the types out of them.
 */
enableCompileCache();
await import('./command.ts');
