import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { generateDashboards } from './generate-dashboards.ts';

/** The parts of a dashboard's JSON that the tests read. */
interface GeneratedDashboard {
  readonly uid: string;
  readonly title: string;
  readonly description: string;
  readonly editable: boolean;
  readonly tags: readonly string[];
  readonly links: readonly { readonly type: string; readonly tags: readonly string[]; readonly keepTime: boolean }[];
  readonly panels: readonly GeneratedPanel[];
  readonly templating: { readonly list: readonly GeneratedVariable[] };
}

interface GeneratedPanel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly description: string;
  readonly datasource: { readonly type: string; readonly uid: string };
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly fieldConfig: {
    readonly defaults: { readonly unit: string; readonly min: number; readonly noValue: string };
  };
  readonly options: { readonly legend?: { readonly showLegend: boolean } };
  readonly targets: readonly {
    readonly expr: string;
    readonly refId: string;
    readonly legendFormat: string;
    readonly datasource: { readonly uid: string };
  }[];
  /** Panels of a collapsed row. */
  readonly panels?: readonly GeneratedPanel[];
}

interface GeneratedVariable {
  readonly name: string;
  readonly type: string;
  readonly query: string | { readonly query: string };
  readonly current: { readonly value: string | readonly string[] };
}

const anyText = expect.stringMatching(/./);
const root = join(import.meta.dirname, '../../../..');
const files = generateDashboards();
const dashboards = Array.from(files.values(), (content): GeneratedDashboard => JSON.parse(content));

/** Rows and panels, those of collapsed rows included. */
function everything(dashboard: GeneratedDashboard): GeneratedPanel[] {
  return dashboard.panels.flatMap((panel) => [panel, ...(panel.panels ?? [])]);
}

function panelsOf(dashboard: GeneratedDashboard): GeneratedPanel[] {
  return everything(dashboard).filter(({ type }) => type !== 'row');
}

function findDashboard(uid: string): GeneratedDashboard {
  const found = dashboards.find((dashboard) => dashboard.uid === uid);
  if (!found) throw new Error(`no dashboard has the uid ${uid}`);
  return found;
}

describe('the committed files', () => {
  test('are what the generator writes, and nothing else', () => {
    const folder = 'compose/grafana/dashboards';
    const committed = readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).filter((name) =>
      name.endsWith('.json'),
    );

    expect(committed.map((name) => `${folder}/${name}`).sort()).toEqual([...files.keys()].sort());
    for (const [path, content] of files) expect(readFileSync(join(root, path), 'utf8')).toBe(content);
  });

  test('are the same at each call and end with a line break', () => {
    expect(generateDashboards()).toEqual(files);
    for (const content of files.values()) expect(content).toMatch(/[^\n]\n$/);
  });

  test('say what generates them', () => {
    for (const { description } of dashboards) {
      expect(description).toContain('`pnpm generate` from packages/monitoring/src/dashboards');
    }
  });
});

describe('the dashboards of the guide', () => {
  test('have its titles and those of all its panels', () => {
    const metald = findDashboard('metald-operations');
    const billaged = findDashboard('billaged-billing');

    expect([metald.title, billaged.title]).toEqual(['metald Operations', 'billaged Billing System']);
    expect(panelsOf(metald).map(({ title }) => title)).toEqual(
      expect.arrayContaining(['Running VMs', 'VM Operations Rate', 'Billing Metrics Collection', 'API Latency']),
    );
    expect(panelsOf(billaged).map(({ title }) => title)).toEqual(
      expect.arrayContaining([
        'Metrics Processing Rate',
        'Batch Size Distribution',
        'Processing Latency',
        'Active VMs Tracked',
      ]),
    );
  });

  test('keep what each VM costs in a collapsed row', () => {
    const perVm = panelsOf(findDashboard('metald-operations')).filter(({ targets }) =>
      targets.some(({ expr }) => expr.includes('vm_id')),
    );
    const collapsed = findDashboard('metald-operations').panels.flatMap(({ panels }) => panels ?? []);

    expect(perVm.map(({ title }) => title)).toEqual(['CPU of VMs', 'Memory of VMs', 'Disk I/O of VMs']);
    expect(collapsed).toEqual(perVm);
  });

  test('show every metric that metald has of its own, and its faults', () => {
    const path = join(import.meta.dirname, '../promql/catalogue.json');
    const { metald } = JSON.parse(readFileSync(path, 'utf8')) as { metald: { name: string }[] };
    const names = metald.map(({ name }) => name).filter((name) => /^(metald|sim)_/.test(name));
    const shown = JSON.stringify(findDashboard('metald-operations'));

    expect(names.length).toBeGreaterThan(30);
    expect(names.filter((name) => !shown.includes(name))).toEqual([]);
  });
});

describe.each(dashboards.map((dashboard) => [dashboard.title, dashboard] as const))('%s', (_, dashboard) => {
  test('has no two panels with the same number or title', () => {
    const ids = everything(dashboard).map(({ id }) => id);
    const titles = everything(dashboard).map(({ title }) => title);

    expect(new Set(ids).size).toBe(ids.length);
    expect(new Set(titles).size).toBe(titles.length);
  });

  test('has panels inside the grid that do not overlap', () => {
    const places = everything(dashboard).map(({ title, gridPos }) => ({ title, ...gridPos }));
    const overlaps = places.flatMap((a, index) =>
      places
        .slice(index + 1)
        .filter((b) => a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h)
        .map((b) => `${a.title} and ${b.title}`),
    );

    expect(overlaps).toEqual([]);
    for (const { x, w, h } of places) {
      expect(x).toBeGreaterThanOrEqual(0);
      expect(x + w).toBeLessThanOrEqual(24);
      expect(h).toBeGreaterThan(0);
    }
  });

  test('has everything in each panel that it takes to read it', () => {
    for (const panel of panelsOf(dashboard)) {
      expect(['timeseries', 'stat', 'table'], panel.title).toContain(panel.type);
      expect(panel.description, panel.title).toMatch(/\.$/);
      expect(panel.datasource, panel.title).toEqual({ type: 'prometheus', uid: '$datasource' });
      expect(panel.fieldConfig.defaults, panel.title).toMatchObject({ unit: anyText, min: 0, noValue: anyText });
      if (panel.type === 'timeseries') expect(panel.options.legend?.showLegend, panel.title).toBe(true);
      expect(panel.targets.length, panel.title).toBeGreaterThan(0);
      for (const target of panel.targets) {
        expect(target, panel.title).toMatchObject({ legendFormat: anyText, datasource: panel.datasource });
      }
      const refIds = panel.targets.map(({ refId }) => refId);
      expect(new Set(refIds).size, panel.title).toBe(refIds.length);
    }
  });

  test('selects by job and instance, and takes rates over at least four scrapes', () => {
    for (const { title, targets } of panelsOf(dashboard)) {
      for (const { expr } of targets) {
        const selectors = expr.match(/\{[^}]*\}/g) ?? [];
        expect(selectors.length, title).toBeGreaterThan(0);
        for (const selector of selectors) {
          // Every dashboard shows the same lab.
          if (selector === '{job="lab"}') continue;
          expect(selector, title).toContain('job=~"$job"');
          expect(selector, title).toContain('instance=~"$instance"');
        }
        for (const [, range] of expr.matchAll(/\[([^\]]*)\]/g)) {
          expect(['$__rate_interval', '$__range', '5m'], title).toContain(range);
        }
      }
    }
  });

  test('keeps le in each quantile', () => {
    for (const { targets } of panelsOf(dashboard)) {
      for (const { expr } of targets.filter((target) => target.expr.includes('histogram_quantile'))) {
        expect(expr).toMatch(/histogram_quantile\([\d.]+, sum by \(le[,)]/);
      }
    }
  });

  test('lets data source, job and instance be chosen', () => {
    expect(dashboard.templating.list.map(({ name }) => name)).toEqual(['datasource', 'job', 'instance']);
  });

  test('cannot be changed by hand', () => {
    expect(dashboard.editable).toBe(false);
  });

  test('links to every dashboard that has the common tag, at the same time', () => {
    const [link] = dashboard.links;

    expect(link).toMatchObject({ type: 'dashboards', keepTime: true });
    for (const { tags } of dashboards) expect(tags).toEqual(expect.arrayContaining([...(link?.tags ?? ['missing'])]));
  });
});

test('a dashboard that an alert leads to exists', () => {
  const folder = join(root, 'compose/prometheus/rules');
  const uids = new Set(dashboards.map(({ uid }) => uid));
  for (const name of readdirSync(folder).filter((file) => file.endsWith('.yml'))) {
    const rules: string = JSON.stringify(parse(readFileSync(join(folder, name), 'utf8')));
    for (const [, uid] of rules.matchAll(/\/d\/([a-z][\w-]*)/g)) expect(uids, name).toContain(uid);
  }
});
