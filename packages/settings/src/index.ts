export { type Command, runCommand } from './command.ts';
export { CommandError, ConfigurationError, codeOf, messageOf, type SettingProblem, UsageError } from './errors.ts';
export type { IgnoredVariables } from './ignored-variables.ts';
export type { SettingKind } from './kinds.ts';
export * as kinds from './kinds.ts';
export { makeFolder } from './make-folder.ts';
export {
  findUnusable,
  readSettings,
  type Setting,
  type SettingSources,
  type SettingTable,
  type SettingValues,
  setting,
  settingGroup,
  type UnusableVariable,
  variableNames,
} from './settings.ts';
export {
  createTokenCheck,
  readTokenFile,
  type TokenCheck,
  tokenRetrySeconds,
} from './token.ts';
