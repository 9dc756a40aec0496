export { eventually } from './eventually.ts';
export { openedSince, openResources } from './open-resources.ts';
export {
  type ParsedExemplar,
  type ParsedFamily,
  parseOpenMetrics,
  readLabels,
  readNumber,
  splitSample,
} from './openmetrics-parser.ts';
export { type OtlpReceiver, type ReceivedSpan, startOtlpReceiver } from './otlp-receiver.ts';
export { occupyPort, openAndClosePort } from './ports.ts';
export { type LogLine, type RunningProgram, startProgram, untilReady } from './program.ts';
export { createRandom } from './random.ts';
export { readMetric, readSeries, scrape } from './scrape.ts';
