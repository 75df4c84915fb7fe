/** What a front needs to know of servers and sessions: who may use which server, and how a session gets its process. */
import { mayUseServer, mayUseTool, narrowsTools, type ToolPolicy } from '../auth/authorize.ts';
import type { Principal } from '../auth/principal.ts';
import { GatewayError } from '../errors.ts';
import type { Policy } from '../instance/pool/decide-isolation.ts';
import type { Outbox } from '../instance/upstream.ts';
import type { LegacyAccess } from '../relay/connect.ts';
import type { ModernAccess } from '../relay/modern-access.ts';
import type { SessionRegistry } from './registry.ts';
import type { FrontName, Session } from './session.ts';

export interface ServedServer {
  readonly name: string;
  readonly policy: Policy | undefined;
  readonly tools: ToolPolicy;
}

export interface OpenSession {
  readonly front: FrontName;
  readonly server: ServedServer;
  readonly principal: Principal;
  readonly outbox: Outbox;
  /** Chosen by the caller; made by the registry when absent. */
  readonly id?: string;
}

export class Sessions {
  readonly #servers: ReadonlyMap<string, ServedServer>;
  readonly #registry: SessionRegistry;
  readonly #legacy: LegacyAccess;
  /** For callers who keep nothing between requests. */
  readonly modern: ModernAccess;
  #accepting = true;
  #loose = 0;

  constructor(
    servers: ReadonlyMap<string, ServedServer>,
    registry: SessionRegistry,
    access: { readonly legacy: LegacyAccess; readonly modern: ModernAccess },
  ) {
    this.#servers = servers;
    this.#registry = registry;
    this.#legacy = access.legacy;
    this.modern = access.modern;
  }

  /** A server that a principal may not use does not exist for it. @throws GatewayError SERVER_UNKNOWN */
  server(principal: Principal, name: string): ServedServer {
    const server = this.#servers.get(name);
    if (server === undefined || !mayUseServer(principal, name)) throw new GatewayError('SERVER_UNKNOWN');
    return server;
  }

  /** The servers a principal may use, in the order of the configuration. */
  serversOf(principal: Principal): readonly ServedServer[] {
    return [...this.#servers.values()].filter((server) => mayUseServer(principal, server.name));
  }

  newId(): string {
    return this.#registry.newId();
  }

  find(front: FrontName, principal: Principal, server: string, id: string): Session | undefined {
    return this.#registry.find(front, principal, server, id);
  }

  ofPrincipal(principal: Principal): readonly Session[] {
    return this.#registry.ofPrincipal(principal);
  }

  /** @throws GatewayError SESSIONS_FULL, or STOPPING once the gateway drains */
  open({ front, server, principal, outbox, id }: OpenSession): Session {
    this.assertAccepting();
    const mayUse = narrowsTools(principal, server.tools)
      ? (tool: string) => mayUseTool(principal, server.tools, tool)
      : undefined;
    const session: Session = this.#registry.open({
      front,
      server: server.name,
      principal,
      ...(id === undefined ? {} : { id }),
      lease: (initialize, signal) =>
        this.#legacy.connect(
          {
            server: server.name,
            policy: server.policy,
            principal: principal.id,
            session: session.id,
            initialize,
            outbox,
            signal,
          },
          mayUse,
        ),
    });
    return session;
  }

  /** Calls that belong to no session. */
  get looseCalls(): number {
    return this.#loose;
  }

  /** @returns what ends the call; called once */
  callBegun(): () => void {
    this.#loose += 1;
    return () => {
      this.#loose -= 1;
    };
  }

  /** Running calls go on; nothing new begins. */
  stopAccepting(): void {
    this.#accepting = false;
  }

  assertAccepting(): void {
    if (!this.#accepting) throw new GatewayError('STOPPING');
  }
}
