import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import type { SettingKind } from '@vmobs/settings';

/**
 * Checks one request. A page of a stranger can make a browser send requests to a port of its user: to the port's own name, or
 * to the stranger's name after its address was changed to that of the port (DNS rebinding).
 *
 * @returns why the request is refused, `undefined` if it is not
 */
export type HostGuard = (request: IncomingMessage) => string | undefined;

/** Names with dots that public DNS never gives: reserved ones, and those of Kubernetes services. */
const privateName = /\.(?:localhost|internal|svc|cluster\.local)$/;

/** Methods that change nothing. */
const safeMethods: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);

/** Most host names that are known to be allowed. */
const maxKnown = 100;

/**
 * Makes the check of requests: the host must be an IP address, `localhost`, a name without a dot such as that of a container,
 * a name below `.localhost`, `.internal`, `.svc` or `.cluster.local`, or one of `allowedHosts`. If the request may change
 * something and comes from a page, the page must have the same host and port, or one of `allowedHosts`.
 *
 * @param allowedHosts more names, in lower case; `.example.com` allows each name below it, and `*` every name as a host
 */
export function createHostGuard(allowedHosts: readonly string[] = []): HostGuard {
  const known = new Set<string>();
  const isConfigured = (name: string) =>
    allowedHosts.some((allowed) => name === allowed || (allowed.startsWith('.') && name.endsWith(allowed)));

  function isAllowed(host: string): boolean {
    const name = hostNameOf(host);
    if (name === undefined) return false;
    if (isIP(name) !== 0 || !name.includes('.') || privateName.test(name)) return true;
    return allowedHosts.includes('*') || isConfigured(name);
  }

  function isForeignHost(host: string): boolean {
    if (known.has(host)) return false;
    if (!isAllowed(host)) return true;
    if (known.size < maxKnown) known.add(host);
    return false;
  }

  function isForeignOrigin(origin: string, hosts: readonly string[]): boolean {
    const page = URL.parse(origin);
    return page === null || (!hosts.some((host) => isSameHost(page, host)) && !isConfigured(page.hostname));
  }

  return ({ method = '', headers }) => {
    const hosts = [headers.host, headers[':authority']].filter((host) => typeof host === 'string');
    for (const host of hosts) if (host !== '' && isForeignHost(host)) return refusal('host', host);
    const { origin } = headers;
    if (origin === undefined || safeMethods.has(method) || !isForeignOrigin(origin, hosts)) return undefined;
    return refusal('origin', origin);
  };
}

function refusal(what: 'host' | 'origin', value: string): string {
  const allowed =
    what === 'host'
      ? 'localhost, IP addresses, names without a dot, names below .internal, .svc and .cluster.local'
      : 'the host and port of the request itself';
  return `the ${what} ${JSON.stringify(value.slice(0, 100))} is not allowed; allowed are ${allowed}, and the names in *_ALLOWED_HOSTS`;
}

/** The name or address in a `Host` header, in lower case and without its port; `undefined` if there is none. */
function hostNameOf(host: string): string | undefined {
  const [, address, name] = /^(?:\[([\da-f:.]+)\]|([\w.-]+))(?::\d*)?$/i.exec(host) ?? [];
  return address ?? name?.toLowerCase().replace(/\.$/, '');
}

/** Whether a page was loaded from this host and port. */
function isSameHost({ protocol, host }: URL, requested: string): boolean {
  return URL.parse(`${protocol}//${requested}`)?.host === host;
}

/** Names of hosts with commas between them, in lower case. */
export const hostNames: SettingKind<readonly string[]> = {
  allowed:
    'names with commas between them, such as metald.example.com; .example.com is each name below it, * is every name',
  parse(text) {
    const names = text
      .toLowerCase()
      .split(',')
      .map((name) => name.trim());
    return names.every((name) => /^(?:\*|\.?[\w-]+(?:\.[\w-]+)*)$/.test(name)) ? names : undefined;
  },
  format: (names) => names.join(',') || 'none',
};
