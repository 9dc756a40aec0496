import { VmService } from '@vmobs/wire/vmprovisioner';
import { type ProtocolCaller, protocolsOf } from '../../support/protocol-callers.ts';

/** The name of a method in TypeScript, such as `bootVm`. */
export type MethodName = keyof typeof VmService.method;

/** A client of metald, whichever way it calls. */
export type VmCaller = ProtocolCaller<MethodName>;

/** A VM configuration that metald accepts, in JSON. */
export const jsonConfig = {
  cpu: { vcpuCount: 2 },
  memory: { sizeBytes: '1073741824' },
  boot: { kernelPath: '/vmlinux' },
  storage: [{ path: '/rootfs.ext4', isRootDevice: true }],
};

/** Every way in which clients of the real metald call it. */
export const protocols = protocolsOf(VmService.method);
