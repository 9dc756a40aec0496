import { Agent, request } from 'node:http';

/*
 * Sends so many requests over so many connections that stay open, each its next one when the last is answered:
 * `node load.ts <url> <requests> <connections>`. Any answer but 200 ends it with status 1.
 */

const [url = '', requests = '0', connections = '1'] = process.argv.slice(2);
const agent = new Agent({ keepAlive: true, maxSockets: Number(connections) });
let left = Number(requests);

function ask(): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const path = `${url}/hello/${left}`;
  request(path, { agent }, (response) => {
    if (response.statusCode !== 200) reject(new Error(`${path} answered ${response.statusCode}`));
    response.resume().once('end', resolve);
  })
    .once('error', reject)
    .end();
  return promise;
}

async function askInTurn(): Promise<void> {
  while (left > 0) {
    left -= 1;
    await ask();
  }
}

await Promise.all(Array.from({ length: Number(connections) }, askInTurn));
agent.destroy();
