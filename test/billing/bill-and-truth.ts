/** Counters of a bill, as both services write them: whole numbers as texts. */
export const counterNames = [
  'cpu_time_nanos',
  'disk_read_bytes',
  'disk_write_bytes',
  'network_rx_bytes',
  'network_tx_bytes',
] as const;
type Counters = Readonly<Record<(typeof counterNames)[number], string>>;

/** What is billed for a VM: of how many samples, the times of the first and the last, and amounts. */
interface BillRow extends Counters {
  readonly vm_id: string;
  readonly customer_id: string;
  readonly samples: number;
  /** ISO 8601 with nanoseconds. */
  readonly first_sample: string;
  readonly last_sample: string;
}

/** What the machine of a VM has used, as `/sim/truth` writes it. */
export interface TruthRow {
  readonly vm_id: string;
  readonly customer_id: string;
  readonly lives: number;
  readonly sample_count: number;
  /** Unix nanoseconds. */
  readonly first_timestamp: string;
  readonly last_timestamp: string;
  readonly this_life: Counters;
  readonly total: Counters;
  readonly not_sampled: Counters;
}

/** The pages of `/sim/truth` and of `/v1/usage`, as far as they matter here. */
interface TruthPage {
  readonly vms: readonly TruthRow[];
  readonly next: string | null;
}
interface UsagePage {
  readonly usage: readonly BillRow[];
  readonly next_page_token: string;
}

/** Reads what the machine of each VM has used. */
export async function readTruth(metaldUrl: string): Promise<TruthRow[]> {
  const rows: TruthRow[] = [];
  for (let after = ''; ; ) {
    const page = (await (await fetch(`${metaldUrl}/sim/truth?limit=20${after}`)).json()) as TruthPage;
    rows.push(...page.vms);
    if (page.next === null) return rows;
    after = `&after=${encodeURIComponent(page.next)}`;
  }
}

/** Reads what the machines of up to a thousand VMs have used, all at the same moment. */
export async function readTruthAtOnce(metaldUrl: string): Promise<readonly TruthRow[]> {
  const page = (await (await fetch(`${metaldUrl}/sim/truth`)).json()) as TruthPage;
  if (page.next !== null) throw new Error('there are more VMs than on one page');
  return page.vms;
}

/** Reads what billaged has billed for each VM. */
export async function readBill(billagedUrl: string): Promise<BillRow[]> {
  const rows: BillRow[] = [];
  for (let token = ''; ; ) {
    const page = (await (await fetch(`${billagedUrl}/v1/usage?page_size=20${token}`)).json()) as UsagePage;
    rows.push(...page.usage);
    if (page.next_page_token === '') return rows;
    token = `&page_token=${page.next_page_token}`;
  }
}

/**
 * The bill that the truth asks for, when every sample has arrived: all that was used, without what was used after the last
 * sample of each life. A VM of which there is no sample is on no bill.
 */
export function owedBill(truth: readonly TruthRow[]): BillRow[] {
  return truth
    .filter(({ sample_count }) => sample_count > 0)
    .map(({ vm_id, customer_id, sample_count, first_timestamp, last_timestamp, total, not_sampled }) => {
      const owed = (name: keyof Counters) => String(BigInt(total[name]) - BigInt(not_sampled[name]));
      return {
        vm_id,
        customer_id,
        samples: sample_count,
        first_sample: isoTime(BigInt(first_timestamp)),
        last_sample: isoTime(BigInt(last_timestamp)),
        cpu_time_nanos: owed('cpu_time_nanos'),
        disk_read_bytes: owed('disk_read_bytes'),
        disk_write_bytes: owed('disk_write_bytes'),
        network_rx_bytes: owed('network_rx_bytes'),
        network_tx_bytes: owed('network_tx_bytes'),
      };
    });
}

/** A field in which a bill is not what is owed. */
interface Difference {
  readonly vmId: string;
  readonly field: 'samples' | 'first_sample' | 'last_sample' | keyof Counters | 'row';
  readonly billed: string;
  readonly owed: string;
}

const comparedFields = ['samples', 'first_sample', 'last_sample', ...counterNames] as const;

/** Compares a bill with what is owed, field by field, to the last unit. @throws Error when a VM is on the bill twice */
export function compareBills(bill: readonly BillRow[], owed: readonly BillRow[]): Difference[] {
  const keyOf = ({ vm_id, customer_id }: BillRow) => `${vm_id} of ${customer_id}`;
  const billed = new Map(bill.map((row) => [keyOf(row), row]));
  if (billed.size < bill.length) throw new Error('a VM is on the bill twice');
  const differences: Difference[] = [];
  for (const row of owed) {
    const found = billed.get(keyOf(row));
    billed.delete(keyOf(row));
    if (found === undefined) {
      differences.push({ vmId: row.vm_id, field: 'row', billed: 'none', owed: keyOf(row) });
      continue;
    }
    for (const field of comparedFields) {
      const [is, shouldBe] = [String(found[field]), String(row[field])];
      if (is !== shouldBe) differences.push({ vmId: row.vm_id, field, billed: is, owed: shouldBe });
    }
  }
  for (const [key, { vm_id }] of billed) differences.push({ vmId: vm_id, field: 'row', billed: key, owed: 'none' });
  return differences;
}

function isoTime(nanos: bigint): string {
  const seconds = new Date(Number(nanos / 1_000_000_000n) * 1_000).toISOString().slice(0, 19);
  return `${seconds}.${String(nanos % 1_000_000_000n).padStart(9, '0')}Z`;
}
