#!/usr/bin/env node
import '@vmobs/settings/exit-on-signal';
import '@vmobs/settings/compile-cache';

await import('./command.ts');
