/** Takes the values out of a query, which may be secrets or names of people: `page=2&token` is `page=REDACTED&REDACTED`. */
export function redactQuery(query: string): string {
  return query
    .split('&')
    .map((pair) => (pair.includes('=') ? `${pair.slice(0, pair.indexOf('='))}=REDACTED` : 'REDACTED'))
    .join('&');
}
