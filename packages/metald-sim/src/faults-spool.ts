import { constants } from 'node:os';
import { getSystemErrorMap } from 'node:util';
import { type Chance, createFaultSwitch, probability } from '@vmobs/faults';
import type { DiskSpoolOptions } from './billing/spool/disk-spool.ts';

/**
 * What each error is the answer to. A full disk refuses a write. A broken one seldom does: the kernel takes the bytes, and
 * says at the sync that they are not on the disk.
 */
const refused = { ENOSPC: 'write', EIO: 'sync' } as const;
const syscalls = { write: 'write', sync: 'fdatasync' } as const;

/** Makes the fault of the disk that the spool is on, and what stands between the two. */
export function createSpoolFaults(chance: Chance) {
  const failing = createFaultSwitch({
    name: 'spool-failing',
    description:
      'The disk of the spool is full: what cannot be written is lost. Or it is broken: a power cut loses what is not synced.',
    parameters: {
      size: probability(1, 'share of writes, or syncs, that fail'),
      error: {
        type: 'string',
        description: 'what the file system says: ENOSPC to writes, EIO to syncs',
        enum: ['ENOSPC', 'EIO'],
        default: 'ENOSPC',
      },
    },
  });

  const beforeUse: NonNullable<DiskSpoolOptions['beforeUse']> = (operation) => {
    const { values } = failing;
    if (values === undefined || refused[values.error] !== operation) return;
    if (chance(values.size)) throw systemError(values.error, syscalls[operation]);
  };

  return { faults: [failing.fault], beforeUse };
}

/** The error that Node makes of one of the operating system. */
function systemError(code: keyof typeof refused, syscall: string): NodeJS.ErrnoException {
  const errno = -constants.errno[code];
  const [, description] = getSystemErrorMap().get(errno) ?? [code, 'unknown error'];
  return Object.assign(new Error(`${code}: ${description}, ${syscall}`), { errno, code, syscall });
}
