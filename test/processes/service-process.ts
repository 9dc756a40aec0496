import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** A service that runs as a process of its own, as its user would start it. */
export interface ServiceProcess {
  readonly process: ChildProcess;
  /** Address of the API and of the metrics port, as its log says. */
  readonly url: string;
  readonly metricsUrl: string;
  /** The lines of its log up to now. */
  log(): readonly LogLine[];
  /** Sends a signal and waits. @returns the exit status, or the signal that ended it */
  end(signal?: NodeJS.Signals): Promise<number | string>;
}

/** A line of a log. */
export type LogLine = Readonly<Record<string, unknown>>;

/** Starts one of the two services on free ports and waits until it says that it is ready. */
export async function startServiceProcess(
  service: 'metald-sim' | 'billaged-sim',
  env: Readonly<Record<string, string>> = {},
): Promise<ServiceProcess> {
  const main = fileURLToPath(import.meta.resolve(`@vmobs/${service}/main`));
  const child = spawn(process.execPath, [main, '--port=0', '--metrics-port=0'], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exit = once(child, 'exit');
  const lines: LogLine[] = [];
  const ready = Promise.withResolvers<LogLine>();
  let rest = '';
  child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
    const parts = (rest + chunk).split('\n');
    rest = parts.pop() ?? '';
    for (const part of parts) {
      const line: LogLine = JSON.parse(part);
      lines.push(line);
      if (String(line['msg']).endsWith('is ready')) ready.resolve(line);
    }
  });
  exit.then(([status]) => ready.reject(new Error(`${service} ended with ${status} before it was ready`)));
  const { url, metrics_url } = await ready.promise;
  return {
    process: child,
    url: String(url),
    metricsUrl: String(metrics_url),
    log: () => lines,
    async end(signal = 'SIGTERM') {
      child.kill(signal);
      const [status, endedBy] = await exit;
      return status ?? endedBy;
    },
  };
}
