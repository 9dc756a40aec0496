import type { IgnoredVariables } from '@vmobs/telemetry';

/** Variables of the real metald that a simulation has no use for. */
export const metaldIgnored: readonly IgnoredVariables[] = [
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
