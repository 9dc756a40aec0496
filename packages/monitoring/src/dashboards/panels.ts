import type { Builder } from '@grafana/grafana-foundation-sdk/cog';
import {
  BigValueColorMode,
  BigValueGraphMode,
  GraphThresholdsStyleConfigBuilder,
  GraphThresholdsStyleMode,
  LegendDisplayMode,
  LegendPlacement,
  ReduceDataOptionsBuilder,
  SortOrder,
  StackingConfigBuilder,
  StackingMode,
  TooltipDisplayMode,
  VizLegendOptionsBuilder,
  VizTooltipOptionsBuilder,
} from '@grafana/grafana-foundation-sdk/common';
import { type Panel, ThresholdsConfigBuilder, ThresholdsMode } from '@grafana/grafana-foundation-sdk/dashboard';
import { DataqueryBuilder, PromQueryFormat, QueryEditorMode } from '@grafana/grafana-foundation-sdk/prometheus';
import { PanelBuilder as StatBuilder } from '@grafana/grafana-foundation-sdk/stat';
import { PanelBuilder as TableBuilder } from '@grafana/grafana-foundation-sdk/table';
import { PanelBuilder as TimeSeriesBuilder } from '@grafana/grafana-foundation-sdk/timeseries';
import type { Threshold } from './alert-thresholds.ts';

/** The data source of every panel: the one that the variable `datasource` names. */
export const datasource = { type: 'prometheus', uid: '$datasource' };

/** A panel that has everything but its number and its place. */
export interface UnplacedPanel extends Builder<Panel> {
  id(id: number): this;
  span(columns: number): this;
  height(rows: number): this;
}

/** One query of a panel. */
export interface Query {
  readonly expr: string;
  /** Name of its series; `{{label}}` stands for the value of a label. */
  readonly legend: string;
  /** Whether exemplars are drawn: dots that lead to a trace. Default false. */
  readonly exemplars?: boolean;
}

/** Options of every panel. */
export interface PanelOptions {
  readonly title: string;
  /** What the panel shows, and how to interpret it. */
  readonly description: string;
  /** Grafana's identifier of a unit. */
  readonly unit: string;
  /** Text of an empty panel instead of "No data": why it can be empty. */
  readonly whenEmpty: string;
  /** A bound of an alert or objective. Default: none. */
  readonly threshold?: Threshold | undefined;
}

/** Options of `timeSeries`. */
export interface TimeSeriesOptions extends PanelOptions {
  readonly queries: readonly Query[];
  /** Whether series are stacked, so that the upper edge is their sum. Default false. */
  readonly stacked?: boolean;
  /** Where the axis ends. Default: at the highest value. */
  readonly max?: number;
}

/** Values over time. The axis starts at 0, because no value here is negative. */
export function timeSeries(options: TimeSeriesOptions): UnplacedPanel {
  const panel = new TimeSeriesBuilder()
    .title(options.title)
    .description(options.description)
    .datasource(datasource)
    .unit(options.unit)
    .min(0)
    .noValue(options.whenEmpty)
    .lineWidth(1)
    .fillOpacity(options.stacked ? 30 : 10)
    .stacking(new StackingConfigBuilder().mode(options.stacked ? StackingMode.Normal : StackingMode.None).group('A'))
    .legend(
      new VizLegendOptionsBuilder()
        .showLegend(true)
        .displayMode(LegendDisplayMode.Table)
        .placement(LegendPlacement.Bottom)
        .calcs(['lastNotNull', 'max']),
    )
    .tooltip(new VizTooltipOptionsBuilder().mode(TooltipDisplayMode.Multi).sort(SortOrder.Descending))
    .thresholds(thresholds(options.threshold))
    .thresholdsStyle(
      new GraphThresholdsStyleConfigBuilder().mode(
        options.threshold ? GraphThresholdsStyleMode.Dashed : GraphThresholdsStyleMode.Off,
      ),
    )
    .targets(options.queries.map((query, index) => target(query, index).range()));
  return options.max === undefined ? panel : panel.max(options.max);
}

/** Options of `stat`. */
export interface StatOptions extends PanelOptions {
  readonly query: Query;
}

/**
 * One number: the value at the end of the dashboard's time range. It is not the last known value: when a service is gone, the
 * panel shows `whenEmpty`.
 */
export function stat(options: StatOptions): UnplacedPanel {
  return new StatBuilder()
    .title(options.title)
    .description(options.description)
    .datasource(datasource)
    .unit(options.unit)
    .min(0)
    .noValue(options.whenEmpty)
    .graphMode(BigValueGraphMode.None)
    .colorMode(options.threshold ? BigValueColorMode.Background : BigValueColorMode.None)
    .reduceOptions(new ReduceDataOptionsBuilder().calcs(['lastNotNull']))
    .thresholds(thresholds(options.threshold))
    .targets([target(options.query, 0).instant()]);
}

/** A column of a table. */
export interface Column {
  readonly title: string;
  readonly expr: string;
  readonly unit: string;
}

/** Options of `table`. */
export interface TableOptions extends PanelOptions {
  /** The label that names a row; every column has it. */
  readonly rowLabel: string;
  readonly columns: readonly Column[];
}

/** Values at the end of the dashboard's time range: a row for each value of a label, a column for each query. */
export function table(options: TableOptions): UnplacedPanel {
  const panel = new TableBuilder()
    .title(options.title)
    .description(options.description)
    .datasource(datasource)
    .unit(options.unit)
    .min(0)
    .noValue(options.whenEmpty)
    .thresholds(thresholds(options.threshold))
    .targets(
      options.columns.map(({ title, expr }, index) =>
        target({ expr, legend: title }, index).instant().format(PromQueryFormat.Table),
      ),
    )
    .withTransformation({ id: 'merge', options: {} })
    .withTransformation({
      id: 'organize',
      options: {
        excludeByName: { Time: true },
        indexByName: {
          [options.rowLabel]: 0,
          ...Object.fromEntries(options.columns.map((_, index) => [valueField(index), index + 1])),
        },
        renameByName: Object.fromEntries(options.columns.map(({ title }, index) => [valueField(index), title])),
      },
    });
  for (const { title, unit } of options.columns) panel.overrideByName(title, [{ id: 'unit', value: unit }]);
  return panel;
}

/** The name that Grafana gives to the values of a query when several tables are merged. */
function valueField(index: number): string {
  return `Value #${refId(index)}`;
}

function target({ expr, legend, exemplars = false }: Query, index: number): DataqueryBuilder {
  return new DataqueryBuilder()
    .refId(refId(index))
    .datasource(datasource)
    .editorMode(QueryEditorMode.Code)
    .expr(expr)
    .legendFormat(legend)
    .exemplar(exemplars);
}

/** A, B, C and so on. */
function refId(index: number): string {
  return String.fromCharCode(65 + index);
}

function thresholds(threshold: Threshold | undefined): ThresholdsConfigBuilder {
  const bounds = threshold ? [{ value: threshold.value, color: threshold.colour }] : [];
  return new ThresholdsConfigBuilder()
    .mode(ThresholdsMode.Absolute)
    .steps([{ value: null, color: 'green' }, ...bounds]);
}
