/**
 * Asks a log store a question in LogsQL.
 *
 * @param storeUrl its address
 * @param start how far back, as VictoriaLogs takes it. @default all that it has
 * @returns its rows
 * @throws Error with its reason when it refuses the question
 */
export async function askLogs<T>(storeUrl: string, query: string, start?: string): Promise<T[]> {
  const response = await fetch(`${storeUrl}/select/logsql/query`, {
    method: 'POST',
    body: new URLSearchParams({ query, ...(start !== undefined && { start }) }),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`the log store refused ${query}: ${text}`);
  return readRows<T>(text);
}

/** Reads the rows of an answer, each of which is JSON on a line of its own. */
export function readRows<T>(text: string): T[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line): T => JSON.parse(line));
}
