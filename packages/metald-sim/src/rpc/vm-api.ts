import type { Interceptor, ServiceImpl } from '@connectrpc/connect';
import { fastifyConnectPlugin } from '@connectrpc/connect-fastify';
import {
  connectDeadlineInterceptor,
  connectErrorAnswers,
  connectServerInterceptor,
  watchRefusals,
} from '@vmobs/telemetry/connect';
import { VmService } from '@vmobs/wire/vmprovisioner';
import type { FastifyPluginAsync } from 'fastify';
import type { MetaldMetrics } from '../metrics.ts';
import { contextValuesOf, logLateFailure, nameRpc } from './name-vm.ts';

/** Largest request that is read: a VM configuration has a few kilobytes. */
const largestRequestBytes = 1024 ** 2;

/** How long an RPC may take at the speed of a real host, in milliseconds: far more than the slowest boot. */
const rpcLimitMs = 60_000;

/** The longest time that a timer of Node takes. */
const longestTimerMs = 2 ** 31 - 1;

/** Options of `createVmApi`. */
export interface VmApiOptions {
  readonly service: ServiceImpl<typeof VmService>;
  readonly metrics: MetaldMetrics;
  /** How many times faster than real the hypervisor is. */
  readonly timeScale: number;
  /** Those that come last, right before the service. */
  readonly interceptors: readonly Interceptor[];
}

/** Makes the Fastify plugin that answers `vmprovisioner.v1.VmService` over Connect, gRPC and gRPC-Web. */
export function createVmApi({ service, metrics, timeScale, interceptors }: VmApiOptions): FastifyPluginAsync {
  const limitMs = Math.min(Math.max(rpcLimitMs, rpcLimitMs / timeScale), longestTimerMs);
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
      routes: (router) => router.service(VmService, service),
    });
  };
}
