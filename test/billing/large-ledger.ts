import { writeFile } from 'node:fs/promises';
import { DatabaseSync } from 'node:sqlite';
import { openSqliteLedger } from '@vmobs/billaged-sim/ledger';

/** A month of minutes. */
export const monthHours = 720;
/** Where the month begins: 1 January 2025, in hours since 1970. */
export const firstHour = 482_136;
export const vmsOfCustomer = 10;

/** Samples of a run, and what each of them adds: a sample a second. */
export const samplesOfRun = 60;
export const cpuNanosOfSample = 50_000_000;
export const memoryBytes = 134_217_728;

/**
 * Writes a ledger in which every VM has a segment each minute of a month, with the rollups that billaged makes as the hours
 * pass. It is written by SQL alone: through the service it would take an hour.
 */
export async function writeLargeLedger(path: string, vms: number): Promise<void> {
  await openSqliteLedger({ path }).close();
  const db = new DatabaseSync(path);
  const runs = vms * monthHours * 60;
  const runCpu = samplesOfRun * cpuNanosOfSample;
  const zeros = (count: number) => Array.from({ length: count }, () => '0').join(', ');
  const nulls = (count: number) => Array.from({ length: count }, () => 'NULL').join(', ');
  const minuteNanos = 60_000_000_000;
  const lastOfRun = (samplesOfRun - 1) * 1_000_000_000;
  db.exec('PRAGMA synchronous = OFF; BEGIN');
  db.exec(`WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ${vms})
    INSERT INTO vms (id, name, customer, tracked) SELECT i + 1, printf('ud-%04d', i), 'customer-' || (i / ${vmsOfCustomer}), 1 FROM n`);
  db.exec(`INSERT INTO customers (name) SELECT DISTINCT customer FROM vms ORDER BY id`);
  db.exec(
    `INSERT INTO customer_vms SELECT customers.id, vms.name FROM vms JOIN customers ON customers.name = vms.customer`,
  );
  db.exec(`WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ${runs}),
      at AS (SELECT i / ${monthHours * 60} AS vm, i % ${monthHours * 60} AS minute FROM n)
    INSERT INTO runs SELECT vm + 1, ${firstHour} + minute / 60, minute % 60 * ${minuteNanos},
      minute % 60 * ${minuteNanos} + ${lastOfRun}, 1 + vm / ${vmsOfCustomer}, ${samplesOfRun}, 0,
      minute * ${runCpu} + ${cpuNanosOfSample}, ${zeros(4)},
      (minute + 1) * ${runCpu}, ${zeros(4)},
      ${nulls(5)},
      ${memoryBytes}, ${samplesOfRun * memoryBytes}, ${memoryBytes}, ${(samplesOfRun - 1) * 1_000 * memoryBytes},
      NULL FROM at`);
  const total = (span: number) => `vm, ${span}, hour / ${span} * ${span}, 0, customer`;
  const sums = (first: string, last: string) => `sum(count), 0, min(f_cpu), ${zeros(4)}, max(l_cpu), ${zeros(4)},
    ${nulls(5)}, ${memoryBytes}, sum(memory_sum), ${memoryBytes},
    ${memoryBytes} * ((${last}) - (${first})) / 1000000`;
  db.exec(`INSERT INTO totals SELECT ${total(1)}, hour, min(first), hour, max(last), ${sums('min(first)', 'max(last)')}
    FROM runs GROUP BY vm, hour`);
  db.exec(`INSERT INTO totals SELECT ${total(24)}, min(first_hour), 0, max(last_hour), max(last),
    ${sums('0', '(max(last_hour) - min(first_hour)) * 3600000000000 + max(last)')}
    FROM totals WHERE span = 1 GROUP BY vm, hour / 24`);
  db.exec('COMMIT');
  db.close();
  // The checksums of the file before: an empty file says that it was changed on purpose.
  await writeFile(`${path}-sums`, '');
}
