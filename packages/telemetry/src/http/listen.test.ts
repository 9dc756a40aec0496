import { expect, test } from 'vitest';
import { ListenError } from './listen.ts';

const listen = { host: '10.0.0.1', port: 9464, portSetting: 'SHOP_PORT', hostSetting: 'SHOP_INTERFACE' };

test.for([
  ['EADDRINUSE', 'it is in use already; choose another with SHOP_PORT'],
  ['EACCES', 'it needs rights that this user does not have; choose another with SHOP_PORT'],
  ['EADDRNOTAVAIL', 'it is not an address of this machine; choose another with SHOP_INTERFACE'],
  ['ENOTFOUND', 'it is not the name of an address; choose another with SHOP_INTERFACE'],
  ['EMFILE', 'it failed with EMFILE; choose another with SHOP_PORT'],
] as const)('%s names the setting to change', ([code, text]) => {
  const cause = Object.assign(new Error(code), { code });
  expect(new ListenError(listen, cause).message).toBe(`cannot listen on 10.0.0.1:9464: ${text}`);
});

test('without a setting the error names none', () => {
  const cause = Object.assign(new Error(), { code: 'EADDRINUSE' });
  expect(new ListenError({ host: 'localhost', port: 80 }, cause).message).toBe(
    'cannot listen on localhost:80: it is in use already',
  );
});
