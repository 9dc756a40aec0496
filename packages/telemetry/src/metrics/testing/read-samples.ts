import { once } from 'node:events';
import { createServer } from 'node:http';
import type { MetricFamily, Sample } from '../../exposition/family.ts';
import { createMetricsHandler } from '../../http/metrics-handler.ts';
import type { Catalogue } from '../catalogue.ts';
import { overflowMetric } from '../overflow.ts';

/** Reads all families of a catalogue, for tests. A family that fails is thrown. */
export async function readFamilies({ sources }: Catalogue): Promise<MetricFamily[]> {
  const families: MetricFamily[] = [];
  for (const source of sources)
    for (const yielded of await source()) {
      const family = 'family' in yielded ? await yielded.family : yielded;
      if ('samples' in family) families.push({ ...family, samples: [...family.samples] });
    }
  return families;
}

/** Reads all samples but those that tell of overflow. */
export async function readSamples(catalogue: Catalogue): Promise<Sample[]> {
  const families = await readFamilies(catalogue);
  return families.filter(({ name }) => name !== overflowMetric).flatMap(({ samples }) => [...samples]);
}

/** The same samples, a line for each. */
export async function readLines(catalogue: Catalogue): Promise<string[]> {
  return (await readSamples(catalogue)).map(({ name, labels, value }) => {
    const pairs = Object.entries(labels).map(([label, text]) => `${label}="${text}"`);
    return `${name}${pairs.length === 0 ? '' : `{${pairs.join(',')}}`} ${value}`;
  });
}

/** How many recordings of each metric went to its overflow series. */
export async function readOverflow(catalogue: Catalogue): Promise<Record<string, number>> {
  const family = (await readFamilies(catalogue)).find(({ name }) => name === overflowMetric);
  return Object.fromEntries(Array.from(family?.samples ?? [], ({ labels, value }) => [labels['metric'], value]));
}

/** Reads the page of a catalogue over HTTP, and what was left out of it. */
export async function scrape(
  { sources }: Catalogue,
  accept = 'text/plain',
): Promise<{ readonly page: string; readonly errors: readonly Error[] }> {
  const errors: Error[] = [];
  const handle = createMetricsHandler({ sources, onError: (error) => void errors.push(error) });
  const server = createServer(handle).listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    const address = server.address();
    const port = typeof address === 'object' ? address?.port : undefined;
    const response = await fetch(`http://127.0.0.1:${port}/metrics`, { headers: { accept } });
    return { page: await response.text(), errors };
  } finally {
    server.close();
    server.closeAllConnections();
  }
}
