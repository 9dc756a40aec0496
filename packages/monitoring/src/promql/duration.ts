const secondsOfUnit: Readonly<Record<string, number>> = {
  ms: 0.001,
  s: 1,
  m: 60,
  h: 3600,
  d: 86_400,
  w: 604_800,
  y: 31_536_000,
};

/** Seconds of a Prometheus duration (`1h30m`, or a plain number of seconds); none if it is calculated. */
export function durationSeconds(text: string): number | undefined {
  const trimmed = text.trim();
  if (/^\d+(\.\d+)?$/.test(trimmed)) return Number(trimmed);
  if (!/^(\d+(ms|[smhdwy]))+$/.test(trimmed)) return undefined;
  return Array.from(trimmed.matchAll(/(\d+)(ms|[smhdwy])/g)).reduce(
    (sum, [, amount, unit = 's']) => sum + Number(amount) * (secondsOfUnit[unit] ?? 0),
    0,
  );
}
