/*
 * A Fastify service instrumented with the libraries that one would choose otherwise, set up as their documentation has it.
 * CommonJS, since instrumentation-http replaces modules as they are required: it must come before Fastify.
 */
const { context, isSpanContextValid, trace } = require('@opentelemetry/api');
const { FastifyOtelInstrumentation } = require('@fastify/otel');
const { OTLPTraceExporter } = require('@opentelemetry/exporter-trace-otlp-http');
const { HttpInstrumentation } = require('@opentelemetry/instrumentation-http');
const { NodeSDK } = require('@opentelemetry/sdk-node');

// Where spans go, and which are recorded, is in the variables of OpenTelemetry.
const sdk = new NodeSDK({
  serviceName: 'bench',
  traceExporter: new OTLPTraceExporter(),
  instrumentations: [new HttpInstrumentation(), new FastifyOtelInstrumentation({ registerOnInitialization: true })],
  metricReaders: [],
  logRecordProcessors: [],
});
sdk.start();

const { fastify, LogController } = require('fastify');
const fastifyMetrics = require('fastify-metrics');
const { pino } = require('pino');

/** The ids of the active span, as @opentelemetry/instrumentation-pino would add them. */
function activeTraceIds() {
  const span = trace.getSpan(context.active())?.spanContext();
  return span === undefined || !isSpanContextValid(span) ? {} : { trace_id: span.traceId, span_id: span.spanId };
}

async function start() {
  const logger = pino({ mixin: activeTraceIds }, pino.destination({ fd: 1, sync: true }));
  // One line a request, as the others have it; Fastify's own would be two.
  const app = fastify({ loggerInstance: logger, logController: new LogController({ disableRequestLogging: true }) });
  await app.register(fastifyMetrics.default ?? fastifyMetrics, { endpoint: '/metrics' });
  app.addHook('onResponse', async (request, reply) => {
    const { method, routeOptions, log } = request;
    const fields = { method, route: routeOptions.url, status: reply.statusCode, duration_ms: reply.elapsedTime };
    log.info(fields, 'http request');
  });
  app.get('/hello/:id', async (request) => ({ hello: request.params.id }));
  const url = await app.listen({ host: '127.0.0.1', port: 0 });

  process.on('message', () => process.send({ cpu: process.cpuUsage() }));
  process.on('disconnect', () => process.exit(0));
  process.send({ url });
}

start();
