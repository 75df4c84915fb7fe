export type { ConfigDiff } from './app/config-diff.ts';
export { createGateway, type Gateway, type GatewayState } from './app/gateway.ts';
export { type ConfigIssue, formatIssue } from './config/issues.ts';
export { type LoadedConfig, loadConfig } from './config/load.ts';
export type { Config } from './config/schema.ts';
export { ERRORS, type ErrorCode, GatewayError } from './errors.ts';
export {
  createEvents,
  type EventListener,
  type Events,
  type GatewayEvent,
  type InstanceExit,
} from './events.ts';
