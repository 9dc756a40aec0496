import { measureSubject } from './exposition/measure.ts';
import { readOptions } from './exposition/options.ts';
import { reportTable } from './exposition/report.ts';
import { buildGoSubject, peerVersions } from './exposition/subject-process.ts';
import { describeLoad } from './report.ts';

/**
 * Cost of one scrape over HTTP: this project's series table behind its own handler, the JavaScript clients, OpenTelemetry's
 * exporter, Go's promhttp if Go is installed, and a constant page as the limit. Each runs in its own process with the same
 * metrics: four series for each VM, in three metrics.
 *
 *   --series 10000,100000,1000000   sizes
 *   --peers ours,prom-client        a selection
 *   --changed 0,0.1,1               shares of the values that change before each scrape
 *   --rounds 5                      scrapes; the table has their median, minimum and maximum
 */
export async function benchExposition(args: readonly string[]): Promise<void> {
  const options = readOptions(args);
  const write = (text: string) => process.stdout.write(`${text}\n`);
  const goVersion = options.subjects.includes('go-promhttp') ? await buildGoSubject() : undefined;
  const subjects = options.subjects.filter((name) => name !== 'go-promhttp' || goVersion !== undefined);
  if (subjects.length < options.subjects.length) write('go-promhttp is skipped: Go is not installed');
  write([...(await peerVersions()), ...(goVersion === undefined ? [] : [goVersion])].join(', '));
  write(describeLoad('before'));
  for (const seriesCount of options.seriesCounts) {
    const measured = [];
    for (const name of subjects) {
      measured.push(...(await measureSubject(name, { seriesCount, shares: options.shares, rounds: options.rounds })));
    }
    write(`\n${reportTable(seriesCount, measured)}`);
  }
}
