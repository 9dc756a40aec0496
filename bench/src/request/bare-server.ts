import Fastify from 'fastify';
import { serve } from './serve.ts';

/** A Fastify service without any instrumentation. */
await serve(Fastify());
