/** Writes a number in the form of both formats. */
export function formatNumber(value: number): string {
  if (Number.isFinite(value)) return String(value);
  if (Number.isNaN(value)) return 'NaN';
  return value > 0 ? '+Inf' : '-Inf';
}

/** Writes a number as a float, which OpenMetrics requires of bucket edges and quantiles. */
export function formatFloat(value: number): string {
  const written = formatNumber(value);
  return /^-?\d+$/.test(written) ? `${written}.0` : written;
}

/**
 * Escapes a label value for both formats, and HELP for OpenMetrics. Half of a surrogate pair, which UTF-8 cannot encode,
 * becomes U+FFFD.
 */
export function escapeLabelValue(value: string): string {
  if (!/[\\"\n\ud800-\udfff]/.test(value)) return value;
  return value.toWellFormed().replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}

/** Escapes HELP for the text format, which does not escape quotation marks. */
export function escapeHelp(help: string): string {
  return help.toWellFormed().replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
}
