/** What a VM has used, in the units that both services write: whole numbers as texts. */
export interface Amounts {
  readonly vm_id: string;
  readonly customer_id: string;
  readonly samples: number;
  readonly cpu_time_nanos: string;
  readonly disk_read_bytes: string;
  readonly disk_write_bytes: string;
  readonly network_rx_bytes: string;
  readonly network_tx_bytes: string;
}

type Counters = Omit<Amounts, 'vm_id' | 'customer_id' | 'samples'>;

/** The pages of `/sim/truth` and of `/v1/usage`, as far as they matter here. */
interface TruthPage {
  readonly vms: readonly {
    readonly vm_id: string;
    readonly customer_id: string;
    readonly sample_count: number;
    readonly total: Counters;
  }[];
  readonly next: string | null;
}
interface UsagePage {
  readonly usage: readonly Amounts[];
  readonly next_page_token: string;
}

/** Reads what metald has sampled of each VM. */
export async function readTruth(metaldUrl: string): Promise<Amounts[]> {
  const rows: Amounts[] = [];
  for (let after = ''; ; ) {
    const page = (await (await fetch(`${metaldUrl}/sim/truth?limit=20${after}`)).json()) as TruthPage;
    for (const { vm_id, customer_id, sample_count, total } of page.vms) {
      rows.push({ vm_id, customer_id, samples: sample_count, ...total });
    }
    if (page.next === null) return sorted(rows);
    after = `&after=${encodeURIComponent(page.next)}`;
  }
}

/** Reads what billaged has billed for each VM. */
export async function readBill(billagedUrl: string): Promise<Amounts[]> {
  const rows: Amounts[] = [];
  for (let token = ''; ; ) {
    const page = (await (await fetch(`${billagedUrl}/v1/usage?page_size=20${token}`)).json()) as UsagePage;
    rows.push(...page.usage.map(amountsOf));
    if (page.next_page_token === '') return sorted(rows);
    token = `&page_token=${page.next_page_token}`;
  }
}

/** The columns that the truth has, too. */
function amountsOf({ vm_id, customer_id, samples, ...row }: Amounts): Amounts {
  const { cpu_time_nanos, disk_read_bytes, disk_write_bytes, network_rx_bytes, network_tx_bytes } = row;
  const disk = { disk_read_bytes, disk_write_bytes };
  return { vm_id, customer_id, samples, cpu_time_nanos, ...disk, network_rx_bytes, network_tx_bytes };
}

function sorted(rows: Amounts[]): Amounts[] {
  return rows.toSorted((a, b) => (a.vm_id < b.vm_id ? -1 : 1));
}
