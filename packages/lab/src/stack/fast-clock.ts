const unitMs = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 } as const;

/** Keys of Prometheus and Alertmanager whose values are durations. */
const timeKeys = [
  'for',
  'keep_firing_for',
  'interval',
  'scrape_interval',
  'scrape_timeout',
  'evaluation_interval',
  'group_wait',
  'group_interval',
  'repeat_interval',
  'resolve_timeout',
];

/**
 * Divides the durations of a configuration: those of the keys above, and the ranges and offsets of its queries. So five
 * minutes take seconds with the same rules; thresholds stay unchanged, because they are rates and ratios.
 */
export function divideDurations(text: string, speed: number): string {
  const divide = (duration: string) => `${Math.max(1, Math.round(milliseconds(duration) / speed))}ms`;
  return text
    .replace(
      new RegExp(`^(\\s*-?\\s*(?:${timeKeys.join('|')}):\\s*)((?:\\d+[a-z]+)+)\\s*$`, 'gm'),
      (_all, key, duration) => {
        return `${key}${divide(duration)}`;
      },
    )
    .replace(/\[((?:\d+(?:ms|[smhdw]))+)(?::((?:\d+(?:ms|[smhdw]))+))?\]/g, (_all, range, step) => {
      return `[${divide(range)}${step === undefined ? '' : `:${divide(step)}`}]`;
    })
    .replace(/\boffset ((?:\d+(?:ms|[smhdw]))+)/g, (_all, duration) => `offset ${divide(duration)}`);
}

function milliseconds(duration: string): number {
  let total = 0;
  for (const [, amount, unit] of duration.matchAll(/(\d+)(ms|[smhdw])/g)) {
    total += Number(amount) * (isUnit(unit) ? unitMs[unit] : Number.NaN);
  }
  return total;
}

function isUnit(unit: string | undefined): unit is keyof typeof unitMs {
  return unit !== undefined && unit in unitMs;
}
