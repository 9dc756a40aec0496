import { type ContextValues, createContextKey, createContextValues, type Interceptor } from '@connectrpc/connect';
import { trace } from '@opentelemetry/api';
import type { VmService } from '@vmobs/wire/vmprovisioner';
import type { FastifyRequest } from 'fastify';
import type { VmOperation } from '../fleet/state-machine.ts';

/** What an RPC is about, as fields of logs and spans. */
export interface RpcSubject {
  readonly operation?: VmOperation | 'info' | 'list';
  readonly vmId?: string | undefined;
  readonly customerId?: string;
  /** Parameters of a shutdown. */
  readonly force?: boolean;
  readonly timeoutSeconds?: number;
}

const requestKey = createContextKey<FastifyRequest | undefined>(undefined, {
  description: 'the HTTP request of an RPC',
});

/** The context values of an RPC: its HTTP request. */
export function contextValuesOf(request: FastifyRequest): ContextValues {
  return createContextValues().set(requestKey, request);
}

/** Adds what an RPC is about to its span and to all further log lines of its request. */
export function nameSubject(values: ContextValues, subject: RpcSubject): void {
  const { operation, vmId, customerId, force, timeoutSeconds } = subject;
  const fields = {
    ...(operation !== undefined && { operation }),
    ...(vmId !== undefined && { vm_id: vmId }),
    ...(customerId !== undefined && { customer_id: customerId }),
    ...(force !== undefined && { force }),
    ...(timeoutSeconds !== undefined && { timeout_seconds: timeoutSeconds }),
  };
  trace.getActiveSpan()?.setAttributes(fields);
  const request = values.get(requestKey);
  if (request !== undefined) request.log = request.log.child(fields);
}

/** The operation of each method, as logs and spans name it. */
const operations: Readonly<Record<keyof typeof VmService.method, NonNullable<RpcSubject['operation']>>> = {
  createVm: 'create',
  bootVm: 'boot',
  pauseVm: 'pause',
  resumeVm: 'resume',
  rebootVm: 'reboot',
  shutdownVm: 'shutdown',
  deleteVm: 'delete',
  getVmInfo: 'info',
  listVms: 'list',
};

/** Names what an RPC is about as soon as its request is decoded, so that an RPC that fails later is named, too. */
export const nameRpc: Interceptor = (next) => (request) => {
  const { method, message, contextValues } = request;
  const vmId = 'vmId' in message && typeof message.vmId === 'string' ? message.vmId : '';
  nameSubject(contextValues, {
    ...(isMethod(method.localName) && { operation: operations[method.localName] }),
    vmId: vmId || undefined,
  });
  return next(request);
};

function isMethod(localName: string): localName is keyof typeof operations {
  return Object.hasOwn(operations, localName);
}

/** Logs a failure after the response was sent: the client does not see it. */
export function logLateFailure(error: unknown, { contextValues }: { readonly contextValues: ContextValues }): void {
  contextValues.get(requestKey)?.log.error({ err: error }, 'rpc failed after its deadline');
}
