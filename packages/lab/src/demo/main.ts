#!/usr/bin/env node
import '@vmobs/settings/compile-cache';

await import('./command.ts');
