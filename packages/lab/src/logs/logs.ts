export { type CompareOptions, compareLogs, type ProcessReport } from './compare-logs.ts';
export { createElasticsearchStore } from './elasticsearch-store.ts';
export { createLogFiles, type LogFiles } from './log-files.ts';
export type { LogStore } from './log-store.ts';
export { repairLogs } from './repair-logs.ts';
export { countOf } from './sequences.ts';
export { settleLogs } from './settle-logs.ts';
export { createVictoriaLogsStore, eachLineOnce } from './victorialogs-store.ts';
export { defaultIntervalMs, defaultSettleMs, type LogWatchOptions, watchLogs } from './watch-logs.ts';
