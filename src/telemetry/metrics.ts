/** Every Prometheus metric, declared once and fed by events. Labels are names from the configuration and our own words. */
import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import type { Events, GatewayEvent } from '../events.ts';
import { CallDurations } from './call-durations.ts';

/** What is read when somebody asks, instead of being told. */
export interface Levels {
  readonly instances: number;
  /** Of them, those that wait for somebody. */
  readonly spares: number;
  /** Starts that wait for a place. */
  readonly waiting: number;
  readonly sessions: number;
  readonly servers: readonly { readonly name: string; readonly state: string }[];
  /** Answers to HTTP requests so far, by class of status. */
  readonly answers: Iterable<readonly [status: string, count: number]>;
  /** Bytes so far. */
  readonly traffic: { readonly toServer: number; readonly fromServer: number };
}

export interface Metrics {
  readonly contentType: string;
  /** The exposition. */
  text(): Promise<string>;
  /** Ends the subscription and the timers. */
  stop(): void;
}

const SERVER_STATES = ['ok', 'backing-off', 'failed'];
/** How often the delay of the event loop is sampled, in milliseconds. */
const LOOP_RESOLUTION_MS = 20;
/** Methods of the protocol; what a client makes up is counted as `other`, so that it cannot make up metrics. */
const METHODS: ReadonlySet<string> = new Set(
  [
    'initialize ping tools/list tools/call prompts/list prompts/get resources/list resources/read',
    'resources/templates/list resources/subscribe resources/unsubscribe completion/complete logging/setLevel',
    'server/discover subscriptions/listen',
  ].flatMap((names) => names.split(' ')),
);

/** Owns a registry of its own; two gateways in one process do not meet. */
export function createMetrics(events: Events, levels: () => Levels): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({
    register: registry,
    prefix: 'mcp_gateway_',
    eventLoopMonitoringPrecision: LOOP_RESOLUTION_MS,
  });
  const follow = declare(registry, levels);
  const unsubscribe = events.subscribe(follow);
  return {
    contentType: registry.contentType,
    text: () => registry.metrics(),
    stop: () => {
      unsubscribe();
      registry.clear();
    },
  };
}

function declare(registry: Registry, levels: () => Levels): (event: GatewayEvent) => void {
  const registers = [registry];
  const calls = new CallDurations(
    'mcp_gateway_call_duration_seconds',
    'Time from a request to its answer, by server, method and outcome.',
  );
  calls.registerIn(registry);
  const refused = new Counter({
    name: 'mcp_gateway_requests_refused_total',
    help: 'HTTP requests that were refused, by error code.',
    labelNames: ['code'],
    registers,
  });
  const connections = new Counter({
    name: 'mcp_gateway_connections_refused_total',
    help: 'Connections that were closed at once, by the limit that they exceeded.',
    labelNames: ['limit'],
    registers,
  });
  const sessions = new Counter({
    name: 'mcp_gateway_sessions_opened_total',
    help: 'Sessions opened, by server and front.',
    labelNames: ['server', 'front'],
    registers,
  });
  const starts = new Counter({
    name: 'mcp_gateway_instance_starts_total',
    help: 'Server processes started.',
    labelNames: ['server'],
    registers,
  });
  const taken = new Counter({
    name: 'mcp_gateway_spares_taken_total',
    help: 'Spares given out, instead of a start.',
    labelNames: ['server'],
    registers,
  });
  const exits = new Counter({
    name: 'mcp_gateway_instance_exits_total',
    help: 'Server processes that ended, by whether the gateway ended them.',
    labelNames: ['server', 'expected'],
    registers,
  });
  const dropped = new Counter({
    name: 'mcp_gateway_messages_dropped_total',
    help: 'Messages of servers and clients that belonged to nobody.',
    labelNames: ['server'],
    registers,
  });
  const reloaded = new Gauge({
    name: 'mcp_gateway_config_last_reload_success',
    help: 'Whether the last configuration that was offered is in use (1), or was refused (0).',
    registers,
  });
  reloaded.set(1);
  addLevel(registry, 'mcp_gateway_instances', 'Server processes that run.', () => levels().instances);
  addLevel(registry, 'mcp_gateway_spares', 'Server processes that wait for somebody.', () => levels().spares);
  addLevel(registry, 'mcp_gateway_starts_waiting', 'Starts that wait for a place.', () => levels().waiting);
  addLevel(registry, 'mcp_gateway_sessions', 'Sessions that are open.', () => levels().sessions);
  const states = new Gauge({
    name: 'mcp_gateway_server_state',
    help: 'Whether a server is ok, backing-off after failed starts, or failed: 1 for the state that it is in.',
    labelNames: ['server', 'state'],
    registers: [],
    collect() {
      this.reset();
      for (const { name, state } of levels().servers)
        for (const each of SERVER_STATES) this.set({ server: name, state: each }, Number(each === state));
    },
  });
  registry.registerMetric(states);
  const bytes = new Counter({
    name: 'mcp_gateway_server_bytes_total',
    help: 'Bytes of messages to and from all servers.',
    labelNames: ['direction'],
    registers: [],
    collect() {
      const { toServer, fromServer } = levels().traffic;
      this.reset();
      this.inc({ direction: 'to' }, toServer);
      this.inc({ direction: 'from' }, fromServer);
    },
  });
  registry.registerMetric(bytes);
  const requests = new Counter({
    name: 'mcp_gateway_http_requests_total',
    help: 'HTTP requests whose answer has begun, by class of status.',
    labelNames: ['status'],
    registers: [],
    collect() {
      this.reset();
      for (const [status, count] of levels().answers) this.inc({ status }, count);
    },
  });
  registry.registerMetric(requests);
  return (event) => {
    switch (event.type) {
      case 'call.settled':
        calls.add(event.server, known(event.method), event.outcome, event.tookMs / 1000);
        break;
      case 'request.refused':
        refused.inc({ code: event.code });
        break;
      case 'connection.refused':
        connections.inc({ limit: event.limit });
        break;
      case 'session.opened':
        sessions.inc({ server: event.server, front: event.front });
        break;
      case 'config.reloaded':
        reloaded.set(1);
        break;
      case 'config.rejected':
        reloaded.set(0);
        break;
      case 'instance.started':
        starts.inc({ server: event.server });
        break;
      case 'spare.taken':
        taken.inc({ server: event.server });
        break;
      case 'instance.exited':
        exits.inc({ server: event.server, expected: String(event.exit.expected) });
        break;
      case 'instance.dropped':
        dropped.inc({ server: event.server });
        break;
      default:
    }
  };
}

function addLevel(registry: Registry, name: string, help: string, read: () => number): void {
  const gauge = new Gauge({
    name,
    help,
    registers: [],
    collect() {
      this.set(read());
    },
  });
  registry.registerMetric(gauge);
}

function known(method: string): string {
  return METHODS.has(method) ? method : 'other';
}
