import type { ServerResponse } from 'node:http';
import type { Health } from './health.ts';

/** Answers `/health` and `/ready`. @returns whether the path was one of the two */
export async function answerHealth(health: Health, path: string, response: ServerResponse): Promise<boolean> {
  if (path === '/health') sendJson(response, 200, health.health());
  else if (path === '/ready') {
    const { statusCode, body } = await health.ready();
    sendJson(response, statusCode, body);
  } else return false;
  return true;
}

/** Whether `answerHealth` answers a path. */
export function isHealthPath(path: string): boolean {
  return path === '/health' || path === '/ready';
}

/** Sends an object as JSON that must not be cached. */
export function sendJson(response: ServerResponse, statusCode: number, body: object): void {
  const page = JSON.stringify(body);
  response.writeHead(statusCode, {
    'content-type': 'application/json; charset=utf-8',
    'content-length': Buffer.byteLength(page),
    'cache-control': 'no-store',
  });
  response.end(page);
}
