import { startTelemetry } from '@vmobs/telemetry';
import Fastify from 'fastify';
import { serve } from './serve.ts';

/** A Fastify service with this project's metrics, spans and log lines, set up as the README has it. */
const telemetry = await startTelemetry({ name: 'bench', version: '1.0.0', metricsPort: 0 });
const app = Fastify(telemetry.fastifyOptions);
await app.register(telemetry.fastify);
await serve(app);
