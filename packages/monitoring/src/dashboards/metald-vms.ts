import {
  BytesIEC,
  BytesPerSecondIEC,
  OpsPerSecond,
  Percent,
  PercentUnit,
  Seconds,
  Short,
} from '@grafana/grafana-foundation-sdk/units';
import { alertThresholds } from './alert-thresholds.ts';
import { highestVms, perSecond, quantile, ratio, select, total, zoomWindow } from './panel-expressions.ts';
import { timeSeries } from './panels.ts';
import type { Section } from './service-dashboard.ts';
import { notScraped } from './service-stats.ts';

const operations = 'metald_vm_operations_total';

/** Share of boots that failed, per value of `by`. */
export function bootFailures(by: string, window: string): string {
  return ratio(
    perSecond(select(operations, 'operation="boot"', 'status="failed"'), { by, window }),
    perSecond(select(operations, 'operation="boot"'), { by, window }),
  );
}

/** VMs, their operations and their boots. */
export function vmSection(): Section {
  const whenEmpty = notScraped('metald');
  const bootDuration = 'metald_vm_boot_duration_seconds';
  return {
    title: 'VMs',
    height: 8,
    lines: [
      [
        timeSeries({
          title: 'VMs by state',
          description: 'VMs that exist, over all instances.',
          unit: Short,
          whenEmpty,
          stacked: true,
          queries: [{ expr: total(select('metald_vms_total'), { by: 'state' }), legend: '{{state}}' }],
        }),
        timeSeries({
          title: 'VM Operations Rate',
          description: 'Operations that ended, per second, by operation and outcome.',
          unit: OpsPerSecond,
          whenEmpty,
          queries: [
            {
              expr: perSecond(select(operations), { by: 'operation, status' }),
              legend: '{{operation}} - {{status}}',
            },
          ],
        }),
      ],
      [
        timeSeries({
          title: 'VM boot duration',
          description: 'From the acceptance of BootVm until the VM runs. 2 to 5 s are usual.',
          unit: Seconds,
          whenEmpty: 'No VM was booted in this time',
          queries: [
            { expr: quantile(0.5, bootDuration), legend: 'p50' },
            { expr: quantile(0.95, bootDuration), legend: 'p95', exemplars: true },
          ],
        }),
        timeSeries({
          title: 'VM boot failure ratio',
          description: 'Share of the boots of each instance that failed. Dashed: VMBootFailures.',
          unit: PercentUnit,
          whenEmpty: 'No VM was booted in this time',
          threshold: alertThresholds.VMBootFailures,
          queries: [{ expr: bootFailures('job, instance', zoomWindow), legend: '{{instance}}' }],
        }),
      ],
    ],
  };
}

/** The series of each VM are the most expensive for Prometheus, so they are queried only when someone opens the row. */
export function busiestVmsSection(): Section {
  const count = 5;
  const perVm = 'No VM ran in this time, or metald has the series for each VM disabled';
  const ofVm = { by: 'vm_id' };
  const whole = '[$__range] @ end()';
  const gauge = (metric: string) =>
    highestVms(count, total(select(metric), ofVm), total(`avg_over_time(${select(metric)}${whole})`, ofVm));
  const diskIo = select('metald_disk_io_bytes_total');
  return {
    title: `The ${count} busiest VMs`,
    collapsed: true,
    height: 8,
    lines: [
      [
        timeSeries({
          title: 'CPU of VMs',
          description: `The ${count} VMs with the highest average CPU load in this time.`,
          unit: Percent,
          whenEmpty: perVm,
          max: 100,
          queries: [{ expr: gauge('metald_cpu_usage_percent'), legend: '{{vm_id}}' }],
        }),
        timeSeries({
          title: 'Memory of VMs',
          description: `The ${count} VMs that used the most memory in this time.`,
          unit: BytesIEC,
          whenEmpty: perVm,
          queries: [{ expr: gauge('metald_memory_usage_bytes'), legend: '{{vm_id}}' }],
        }),
        timeSeries({
          title: 'Disk I/O of VMs',
          description: `The ${count} VMs with the most disk I/O in this time.`,
          unit: BytesPerSecondIEC,
          whenEmpty: perVm,
          queries: [
            {
              expr: highestVms(count, perSecond(diskIo, ofVm), `sum by (vm_id) (rate(${diskIo}${whole}))`),
              legend: '{{vm_id}}',
            },
          ],
        }),
      ],
    ],
  };
}
