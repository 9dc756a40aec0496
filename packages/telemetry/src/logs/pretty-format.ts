/** Formats of the log on standard output; `auto` is `pretty` on a terminal and `json` elsewhere. */
export const logFormats = ['json', 'pretty', 'auto'] as const;

/** Format of the log on standard output. */
export type LogFormat = (typeof logFormats)[number];

/** Formats a line of JSON for people. */
export type Prettify = (line: string) => string;

/**
 * Loads the formatter for people if it is needed, because loading it takes time and services do not use it. It writes colours
 * on a terminal, unless `NO_COLOR` is set.
 *
 * @param isTerminal whether the log goes to a terminal
 * @returns `undefined` when lines stay JSON
 */
export async function loadPrettyFormat(format: LogFormat, isTerminal: boolean): Promise<Prettify | undefined> {
  if (format === 'json' || (format === 'auto' && !isTerminal)) return undefined;
  const { prettyFactory } = await import('pino-pretty');
  return prettyFactory({
    timestampKey: 'timestamp',
    translateTime: 'HH:MM:ss.l',
    // The backslash escapes a dot that is part of the name.
    ignore: 'service,service\\.instance\\.id,log\\.seq',
    colorize: isTerminal && process.env['NO_COLOR'] === undefined,
  });
}
