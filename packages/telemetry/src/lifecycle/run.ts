import type { HttpServer } from './http-server.ts';
import { runUntilSignal } from './run-until-signal.ts';
import { type ServedTelemetry, type ServeOptions, serve } from './serve.ts';
import { startWork, type Work, type WorkOptions } from './work.ts';

/** What `telemetry.run` takes: a server and its options, or work without a server. */
export type RunArguments = [HttpServer, ServeOptions] | [(Work | undefined)?, (WorkOptions | undefined)?];

/** Makes `telemetry.run`. @param reopenLogs reopens the log file, if there is one */
export function createRun(
  telemetry: ServedTelemetry,
  reopenLogs: (() => void) | undefined,
): (...args: RunArguments) => Promise<number> {
  const { logger } = telemetry;
  return (...[served, options]) =>
    runUntilSignal(async (signal) => {
      if (served === undefined || typeof served === 'function') {
        return { ...startWork(telemetry, served, options ?? {}), reopenLogs };
      }
      if (options === undefined || !('port' in options)) throw new TypeError('a server needs the option port');
      const service = await serve(telemetry, served, { signal, ...options });
      return { close: service.close, reopenLogs, logger };
    });
}
