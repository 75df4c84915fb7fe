/** What a front needs to know of servers and sessions: who may use which server, and how a session gets its process. */
import { mayUseServer, mayUseTool, narrowsTools, type ToolPolicy } from '../auth/authorize.ts';
import type { Principal } from '../auth/principal.ts';
import { GatewayError } from '../errors.ts';
import type { Policy } from '../instance/pool/decide-isolation.ts';
import type { Outbox, Upstream } from '../instance/upstream.ts';
import { type CapabilityClass, NO_CAPABILITIES } from '../relay/capability-class.ts';
import type { LegacyAccess } from '../relay/connect.ts';
import type { ModernAccess } from '../relay/modern-access.ts';
import { narrowTools } from '../relay/narrow-tools.ts';
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
  /**
   * For a caller who is no MCP client and keeps its session: what it can be asked. Its upstream then is one of the
   * modern era, whose answers may be questions.
   */
  readonly capabilities?: CapabilityClass | undefined;
}

export interface LooseCaller {
  readonly server: ServedServer;
  readonly principal: Principal;
  /** Of a caller who keeps its upstream for that long. */
  readonly session?: string | undefined;
  readonly capabilities: CapabilityClass;
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
  open({ front, server, principal, outbox, id, capabilities }: OpenSession): Session {
    this.assertAccepting();
    const mayUse = narrowsTools(principal, server.tools)
      ? (tool: string) => mayUseTool(principal, server.tools, tool)
      : undefined;
    const session: Session = this.#registry.open({
      front,
      server: server.name,
      principal,
      ...(id === undefined ? {} : { id }),
      answers: capabilities?.key,
      lease: (initialize, signal) => {
        if (capabilities !== undefined)
          return this.loose({ server, principal, capabilities, session: session.id });
        const { name, policy } = server;
        const caller = { server: name, policy, principal: principal.id, session: session.id };
        return this.#legacy.connect({ ...caller, initialize, outbox, signal }, mayUse);
      },
    });
    return session;
  }

  /** An upstream of the modern era for a caller of the gateway's own, narrowed to its tools; the caller ends it. */
  async loose({ server, principal, session, capabilities }: LooseCaller): Promise<Upstream> {
    const upstream = await this.modern.upstream({
      server: server.name,
      policy: server.policy,
      principal: principal.id,
      session,
      capabilities,
      clientInfo: this.modern.clientInfo,
      mayBeAsked: capabilities !== NO_CAPABILITIES,
      keeps: session !== undefined,
    });
    return this.#narrowed(upstream, principal, server);
  }

  /** The same of the legacy era, for a caller who is asked and told nothing. */
  async plain(server: ServedServer, principal: Principal): Promise<Upstream> {
    const { name, policy } = server;
    const caller = { server: name, policy, principal: principal.id, session: undefined };
    return this.#narrowed(await this.modern.plainUpstream(caller), principal, server);
  }

  #narrowed(upstream: Upstream, principal: Principal, { tools }: ServedServer): Upstream {
    if (!narrowsTools(principal, tools)) return upstream;
    return narrowTools(upstream, (tool) => mayUseTool(principal, tools, tool));
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
