import { expect, test } from 'vitest';
import { describeSettings, parseCommandLine } from './command-line.ts';
import { UsageError } from './errors.ts';
import { boolean, duration, port, text } from './kinds.ts';
import { setting, settingGroup, variableNames } from './settings.ts';

const table = {
  port: setting({ variables: ['_PORT', 'PORT'], flag: 'port', kind: port, default: 8080, help: 'port of the API' }),
  traces: setting({ variables: ['_TRACES'], flag: 'traces', kind: boolean, default: false, help: 'record traces' }),
  interval: setting({ variables: ['_INTERVAL'], kind: duration, default: 100, help: 'time between samples' }),
  file: setting({ variables: ['LOG_FILE'], kind: text, default: '', help: 'file to log to' }),
};

test('flags are read with their value in either form, and switches without one', () => {
  const nothing = { wantsHelp: false, wantsVersion: false };
  expect(parseCommandLine(table, [])).toEqual({ flags: {}, ...nothing });
  expect(parseCommandLine(table, ['--port', '9000', '--traces'])).toEqual({
    flags: { port: '9000', traces: 'true' },
    ...nothing,
  });
  expect(parseCommandLine(table, ['--port=9000', '--no-traces']).flags).toEqual({ port: '9000', traces: 'false' });
});

test('help and version are asked for by long and short flag', () => {
  for (const argv of [['--help'], ['-h']]) expect(parseCommandLine(table, argv)).toMatchObject({ wantsHelp: true });
  for (const argv of [['--version'], ['-v']])
    expect(parseCommandLine(table, argv)).toEqual({ flags: {}, wantsHelp: false, wantsVersion: true });
});

test.for([
  [['--prot', '9000'], "Unknown option '--prot'"],
  [['--no-port'], "Unknown option '--no-port'"],
  [['--port'], "Option '--port <value>' argument missing"],
  [['--port', '-1'], '--port has no value; a value with a dash at its beginning is written as in --port=-1'],
  [['--port', '--traces'], '--port has no value; a value with a dash at its beginning is written as in --port=-1'],
  [['serve'], "Unexpected argument 'serve'"],
  [['--traces=yes'], "Option '--traces' does not take an argument"],
] as const)('the command line %j is refused with one sentence', ([argv, sentence]) => {
  const read = () => parseCommandLine(table, argv);
  expect(read).toThrow(UsageError);
  expect(read).toThrow(`${sentence}; --help lists all flags`);
});

test('a setting without a flag cannot be given as one', () => {
  expect(() => parseCommandLine(table, ['--interval', '1s'])).toThrow(UsageError);
});

test('the help has every flag, every variable under every prefix, and every purpose', () => {
  const prefixes = ['UNKEY_BILLAGED', 'BILLAGED'];
  const help = describeSettings(table, prefixes);
  for (const definition of Object.values(table)) {
    expect(help).toContain(`${variableNames(definition, prefixes).join('  ')}\n      ${definition.help} (`);
  }
  expect(help).toContain('  --port  UNKEY_BILLAGED_PORT  BILLAGED_PORT  PORT\n');
  expect(help).toContain('  --[no-]traces  UNKEY_BILLAGED_TRACES  BILLAGED_TRACES\n');
  expect(help).toContain('(a port from 0 to 65535; default 8080)');
});

test('the help gives a duration its unit and says when there is no default', () => {
  const help = describeSettings(table, ['SHOP']);
  expect(help).toMatch(/time between samples .*default 100ms\)/);
  expect(help).toMatch(/file to log to .*default none\)/);
});

test('the help shows settings without a group first, then each group under its heading', () => {
  const grouped = {
    ...settingGroup('Server', { port: table.port }),
    ...settingGroup('Traces', { traces: table.traces }),
    file: table.file,
    // A setting that is taken out of its table keeps its heading.
    late: { ...settingGroup('Server', { interval: table.interval }).interval, help: 'time between two ticks' },
  };
  const blocks = describeSettings(grouped, ['SHOP']).split('\n\n');
  expect(blocks.map((block) => block.split('\n').filter((line) => !line.startsWith('      ')))).toEqual([
    ['  LOG_FILE'],
    ['Server:', '  --port  SHOP_PORT  PORT', '  SHOP_INTERVAL'],
    ['Traces:', '  --[no-]traces  SHOP_TRACES'],
  ]);
});

test('a group changes nothing but the heading', () => {
  expect(settingGroup('Server', { port: table.port })).toEqual({ port: { ...table.port, group: 'Server' } });
});
