import { measureSubject } from './exposition/measure.ts';
import { readOptions } from './exposition/options.ts';
import { reportTable } from './exposition/report.ts';
import { buildGoSubject } from './exposition/subject-process.ts';
import { peerVersions } from './exposition/versions.ts';
import { loadOfMachine } from './machine.ts';

/**
 * Cost of one scrape over HTTP: this project's series table behind its own handler, the JavaScript clients, OpenTelemetry's
 * exporter, Go's promhttp where there is Go, and a page that never changes as the limit. Each is a process of its own
 * with the same metrics: four series for each VM, in three metrics.
 *
 *   --series 10000,100000,1000000   sizes
 *   --peers ours,prom-client        some of them
 *   --changed 0,0.1,1               shares of the values that are changed before each scrape
 *   --rounds 5                      scrapes of which the median, the least and the most are told
 */
export async function benchExposition(args: readonly string[]): Promise<void> {
  const options = readOptions(args);
  const write = (text: string) => process.stdout.write(`${text}\n`);
  const goVersion = options.subjects.includes('go-promhttp') ? await buildGoSubject() : undefined;
  const subjects = options.subjects.filter((name) => name !== 'go-promhttp' || goVersion !== undefined);
  if (subjects.length < options.subjects.length) write('go-promhttp is left out: there is no Go on this machine');
  write([...(await peerVersions()), ...(goVersion === undefined ? [] : [goVersion])].join(', '));
  write(loadOfMachine('before'));
  for (const seriesCount of options.seriesCounts) {
    const measured = [];
    for (const name of subjects) {
      measured.push(...(await measureSubject(name, { seriesCount, shares: options.shares, rounds: options.rounds })));
    }
    write(`\n${reportTable(seriesCount, measured)}`);
  }
}
