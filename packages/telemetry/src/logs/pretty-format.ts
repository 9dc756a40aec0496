/** Form of the log on standard output; `auto` is for people on a terminal and JSON elsewhere. */
export const logFormats = ['json', 'pretty', 'auto'] as const;

/** Form of the log on standard output. */
export type LogFormat = (typeof logFormats)[number];

/** Turns a line of JSON into what a person likes to read. */
export type Prettify = (line: string) => string;

/**
 * Loads what writes the form for people, where it is wanted: services have no use for it, and it takes its time to load.
 * Colours are for a terminal, unless `NO_COLOR` is set.
 *
 * @param isTerminal whether the log goes to one
 * @returns `undefined` when lines are to stay JSON
 */
export async function loadPrettyFormat(format: LogFormat, isTerminal: boolean): Promise<Prettify | undefined> {
  if (format === 'json' || (format === 'auto' && !isTerminal)) return undefined;
  const { prettyFactory } = await import('pino-pretty');
  return prettyFactory({
    timestampKey: 'timestamp',
    translateTime: 'HH:MM:ss.l',
    ignore: 'service',
    colorize: isTerminal && process.env['NO_COLOR'] === undefined,
  });
}
