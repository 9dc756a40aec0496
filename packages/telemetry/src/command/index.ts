export { type Closers, createClosers } from '../lifecycle/closers.ts';
export { type Runnable, runUntilSignal } from '../lifecycle/run-until-signal.ts';
export { type TelemetryDefaults, telemetrySettings } from '../telemetry-settings.ts';
export { type CommandTelemetryOptions, startCommandTelemetry } from './start-command-telemetry.ts';
