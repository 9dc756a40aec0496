import type { Interceptor, ServiceImpl } from '@connectrpc/connect';
import { fastifyConnectPlugin } from '@connectrpc/connect-fastify';
import { kinds } from '@vmobs/settings';
import { connectDeadlineInterceptor, connectServerInterceptor, watchRefusals } from '@vmobs/telemetry/connect';
import { connectErrorAnswers } from '@vmobs/telemetry/connect-fastify';
import { VmService } from '@vmobs/wire/vmprovisioner';
import type { FastifyPluginAsync } from 'fastify';
import type { MetaldMetrics } from '../metrics/metrics.ts';
import { contextValuesOf, logLateFailure, nameRpc } from './name-vm.ts';

/** Maximum size of CreateVm in bytes: a VM configuration has a few kilobytes. Each empty device in it becomes an object. */
const largestConfigBytes = 64 * 1024;

/** Maximum size of any other request in bytes: it names a VM, or a page of a list. */
const largestRequestBytes = 16 * 1024;

/** Deadline of an RPC at the speed of a real host, in milliseconds: far more than the slowest boot. */
const rpcLimitMs = 60_000;

/** Options of `createVmApi`. */
export interface VmApiOptions {
  readonly service: ServiceImpl<typeof VmService>;
  readonly metrics: MetaldMetrics;
  /** By which factor the hypervisor is faster than a real one. */
  readonly timeScale: number;
  /** The last interceptors, right before the service. */
  readonly interceptors: readonly Interceptor[];
}

/** Makes the Fastify plugin that serves `vmprovisioner.v1.VmService` over Connect, gRPC and gRPC-Web. */
export function createVmApi({ service, metrics, timeScale, interceptors }: VmApiOptions): FastifyPluginAsync {
  const limitMs = Math.min(Math.max(rpcLimitMs, rpcLimitMs / timeScale), kinds.longestTimerMs);
  return async (app) => {
    await app.register(connectErrorAnswers);
    await app.register(fastifyConnectPlugin, {
      readMaxBytes: largestRequestBytes,
      contextValues: contextValuesOf,
      requestGate: watchRefusals,
      interceptors: [
        connectServerInterceptor(() => metrics.errors.inc({ component: 'api' })),
        nameRpc,
        connectDeadlineInterceptor({ limitMs, onLateFailure: logLateFailure }),
        ...interceptors,
      ],
      // Fields that nobody knows are not kept: a million empty ones would take 100 MB.
      binaryOptions: { readUnknownFields: false },
      routes(router) {
        const { createVm, bootVm, deleteVm, getVmInfo, listVms, pauseVm, rebootVm, resumeVm, shutdownVm } =
          VmService.method;
        router.rpc(createVm, service.createVm, { readMaxBytes: largestConfigBytes });
        router.rpc(deleteVm, service.deleteVm);
        router.rpc(bootVm, service.bootVm);
        router.rpc(shutdownVm, service.shutdownVm);
        router.rpc(pauseVm, service.pauseVm);
        router.rpc(resumeVm, service.resumeVm);
        router.rpc(rebootVm, service.rebootVm);
        router.rpc(getVmInfo, service.getVmInfo);
        router.rpc(listVms, service.listVms);
      },
    });
  };
}
