/** The samples of one page of metrics, by series as written on the page. */
export type Page = ReadonlyMap<string, number>;

/** Reads `/metrics` of a service in the text format; an empty page if it does not answer. */
export async function scrape(metricsUrl: string): Promise<Page> {
  try {
    const response = await fetch(`${metricsUrl}/metrics`, { headers: { accept: 'text/plain' } });
    return readPage(await response.text());
  } catch {
    return new Map();
  }
}

/** Reads a page in the text format 0.0.4. */
export function readPage(page: string): Page {
  const samples = new Map<string, number>();
  for (const line of page.split('\n')) {
    const end = line.lastIndexOf(' ');
    if (end > 0 && !line.startsWith('#')) samples.set(line.slice(0, end), Number(line.slice(end + 1)));
  }
  return samples;
}

/** The sum of all series of a metric. */
export function sumOf(page: Page, metric: string): number {
  let sum = 0;
  for (const [series, value] of page) if (series === metric || series.startsWith(`${metric}{`)) sum += value;
  return sum;
}
