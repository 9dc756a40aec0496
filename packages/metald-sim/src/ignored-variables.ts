/**
 * Variables of the real metald that a simulation has no use for, with the reason. They are accepted, so that the
 * environment of a real one can be given to this one. Those that end with `*` stand for all that begin so.
 */
const ignored: readonly { readonly variables: readonly string[]; readonly reason: string }[] = [
  {
    variables: ['_SOCKET_DIR', '_LOG_DIR', '_CH_ENDPOINT', '_FC_ENDPOINT'],
    reason: 'no hypervisor runs; LOG_FILE sets the log',
  },
  {
    variables: [
      '_JAILER_ENABLED',
      '_JAILER_UID',
      '_JAILER_GID',
      '_JAILER_CHROOT_DIR',
      '_JAILER_NETNS',
      '_JAILER_PIDNS',
      '_JAILER_MEMORY_LIMIT',
      '_JAILER_CPU_QUOTA',
      '_JAILER_FD_LIMIT',
    ],
    reason: 'there is nothing to jail',
  },
  {
    variables: ['_DATA_DIR', '_DATABASE_DIR', '_INSTANCE_ID'],
    reason: 'VMs are gone with the process, and it names itself by its start',
  },
  { variables: ['_ASSETMANAGER_*', '_NETWORK_*'], reason: 'VMs have neither images nor networks' },
  { variables: ['_TLS_*', '_SPIFFE_SOCKET'], reason: 'the API is plain HTTP, as in the first real version' },
];

/** The ignored variables for `--help`. */
export function describeIgnoredVariables(prefix: string): string {
  const groups = ignored.map(
    ({ variables, reason }) => `  ${variables.map((name) => prefix + name).join('  ')}\n      ${reason}`,
  );
  return ['Accepted and ignored, because the real metald reads them:', ...groups].join('\n');
}

/** The ignored variables that are set. */
export function findIgnoredVariables(env: Readonly<Record<string, string | undefined>>, prefix: string): string[] {
  const names = ignored.flatMap(({ variables }) => variables.map((name) => prefix + name));
  const isIgnored = (variable: string) =>
    names.some((name) => (name.endsWith('*') ? variable.startsWith(name.slice(0, -1)) : variable === name));
  return Object.keys(env).filter((variable) => env[variable] !== '' && isIgnored(variable));
}
