import type { AddressInfo } from 'node:net';
import { CommandError, codeOf } from '@vmobs/settings';

/** Where to listen. */
export interface ListenOptions {
  /** @default '127.0.0.1' */
  readonly host?: string;
  /** 0 takes a free port. */
  readonly port: number;
  /** What a user changes to choose another port, for the error when it is taken. */
  readonly portSetting?: string;
  /** What a user changes to choose another address, for the error when the host has none. */
  readonly hostSetting?: string;
}

/** Says in one line why a port could not be opened and what to change. */
export class ListenError extends CommandError {
  override readonly name = 'ListenError';
  readonly port: number;

  constructor({ host, port, portSetting, hostSetting }: ListenOptions & { readonly host: string }, cause: unknown) {
    const code = codeOf(cause) ?? String(cause);
    const reasons: Readonly<Record<string, readonly [reason: string, setting: string | undefined]>> = {
      EADDRINUSE: ['is in use already', portSetting],
      EACCES: ['needs rights that this user does not have', portSetting],
      EADDRNOTAVAIL: ['is not an address of this machine', hostSetting],
      ENOTFOUND: ['is not the name of an address', hostSetting],
    };
    const [reason, setting = ''] = reasons[code] ?? [`failed with ${code}`, portSetting];
    const fix = setting === '' ? '' : `; choose another with ${setting}`;
    super(`cannot listen on ${host}:${port}: it ${reason}${fix}`, { cause });
    this.port = port;
  }
}

/** The URL of a listening server. */
export function urlOf(address: AddressInfo | string | null): string {
  if (address === null || typeof address === 'string') throw new TypeError('the server listens on no TCP port');
  return `http://${address.family === 'IPv6' ? `[${address.address}]` : address.address}:${address.port}`;
}
