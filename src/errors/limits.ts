/** What is refused at a bound on sessions, processes and calls; whoever is told may come again. */
import type { ErrorRow } from './row.ts';

export const LIMIT_ERRORS = {
  SESSIONS_FULL: {
    status: 503,
    rpc: -32000,
    reason: 'sessions-full',
    text: 'Too many sessions are open; try again later.',
  },
  PRINCIPAL_SESSIONS_FULL: {
    status: 429,
    rpc: -32000,
    reason: 'principal-sessions-full',
    text: 'Too many of your sessions are open and in use; end some, or try again later.',
  },
  STARTS_FULL: {
    status: 503,
    rpc: -32603,
    reason: 'starts-full',
    text: 'Too many starts are waiting; try again later.',
  },
  SERVER_INSTANCES_FULL: {
    status: 503,
    rpc: -32603,
    reason: 'server-instances-full',
    text: 'Too many processes of this server are running; try again later.',
  },
  CALLS_FULL: {
    status: 503,
    rpc: -32603,
    reason: 'calls-full',
    text: 'Too many calls are running; try again later.',
  },
  INSTANCES_FULL: {
    status: 503,
    rpc: -32603,
    reason: 'instances-full',
    text: 'Too many server processes are running; try again later.',
  },
} as const satisfies Record<string, ErrorRow>;
