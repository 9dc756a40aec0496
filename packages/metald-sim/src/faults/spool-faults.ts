import { constants } from 'node:os';
import { getSystemErrorMap } from 'node:util';
import { type Chance, createFaultSwitch, probability } from '@vmobs/faults';
import type { DiskSpoolOptions } from '../billing/spool/disk-spool.ts';

/**
 * The operation that fails with each error. On a full disk writes fail. On a broken disk syncs fail: the kernel accepts
 * the bytes, and reports at the sync that they are not on the disk.
 */
const refused = { ENOSPC: 'write', EIO: 'sync' } as const;
const syscalls = { write: 'write', sync: 'fdatasync' } as const;

/** Makes the fault of the disk of the spool, and the function that applies it before each operation. */
export function createSpoolFaults(chance: Chance) {
  const failing = createFaultSwitch({
    name: 'spool-failing',
    description:
      'The disk of the spool is full: new entries are lost. Or it is broken: a power failure loses entries that are not synced.',
    parameters: {
      size: probability(1, 'share of writes, or syncs, that fail'),
      error: {
        type: 'string',
        description: 'error of the file system: ENOSPC for writes, EIO for syncs',
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

/** The error that Node throws for an error of the operating system. */
function systemError(code: keyof typeof refused, syscall: string): NodeJS.ErrnoException {
  const errno = -constants.errno[code];
  const [, description] = getSystemErrorMap().get(errno) ?? [code, 'unknown error'];
  return Object.assign(new Error(`${code}: ${description}, ${syscall}`), { errno, code, syscall });
}
