import { getHeapSpaceStatistics, getHeapStatistics } from 'node:v8';
import { anyValue } from '../definitions/definition.ts';
import type { Catalogue } from './catalogue.ts';

/**
 * Defines the metrics of V8's heap, of active resources, and of the Node version. Reading one takes 1 to 3 us at a scrape;
 * active resources are counted one by one, a thousand connections in 0.1 ms.
 *
 * Active resources include handles and requests. prom-client's separate metrics of those two read deprecated functions of Node
 * (DEP0161); its `_total` of the resources, which is not a counter, is `sum(nodejs_active_resources)`.
 */
export function defineNodeMetrics(catalogue: Catalogue): void {
  catalogue.observed({
    type: 'gauge',
    name: 'nodejs_heap_size_total_bytes',
    help: 'Memory that V8 has allocated for JavaScript objects, in bytes.',
    read: () => getHeapStatistics().total_heap_size,
  });
  catalogue.observed({
    type: 'gauge',
    name: 'nodejs_heap_size_used_bytes',
    help: 'Memory used by JavaScript objects, in bytes.',
    read: () => getHeapStatistics().used_heap_size,
  });
  catalogue.observed({
    type: 'gauge',
    name: 'nodejs_external_memory_bytes',
    help: 'Memory outside the heap that JavaScript objects hold, such as buffers, in bytes.',
    read: () => getHeapStatistics().external_memory,
  });
  defineHeapSpaces(catalogue);
  catalogue.observed({
    type: 'gauge',
    name: 'nodejs_active_resources',
    help: 'Resources that keep the event loop alive, by type: connections, timers, system requests.',
    labels: { type: anyValue },
    read: () =>
      Map.groupBy(process.getActiveResourcesInfo(), (type) => type)
        .entries()
        .map(([type, resources]) => [{ type }, resources.length] as const),
  });
  const [major = '', minor = '', patch = ''] = process.versions.node.split('.');
  catalogue.observed({
    type: 'gauge',
    name: 'nodejs_version_info',
    help: 'Version of Node.js; the value is always 1.',
    labels: { version: [process.version], major: [major], minor: [minor], patch: [patch] },
    read: () => [[{ version: process.version, major, minor, patch }, 1]],
  });
}

/** V8 defines the spaces, such as `new` and `old`; they change with its versions. */
function defineHeapSpaces(catalogue: Catalogue): void {
  const nameOf = (space: { readonly space_name: string }) => space.space_name.replace(/_space$/, '');
  const define = (name: string, help: string, property: 'space_size' | 'space_used_size' | 'space_available_size') =>
    catalogue.observed({
      type: 'gauge',
      name,
      help,
      labels: { space: anyValue },
      read: () => getHeapSpaceStatistics().map((space) => [{ space: nameOf(space) }, space[property]] as const),
    });
  define(
    'nodejs_heap_space_size_total_bytes',
    'Memory that V8 has allocated for a space of its heap, in bytes.',
    'space_size',
  );
  define('nodejs_heap_space_size_used_bytes', 'Memory used in a space of the heap, in bytes.', 'space_used_size');
  define(
    'nodejs_heap_space_size_available_bytes',
    'Memory in a space of the heap that can be used without allocating more, in bytes.',
    'space_available_size',
  );
}
