/** What a front needs to know of servers and sessions: who may use which server, and how a session gets its process. */
import { mayUseServer, mayUseTool, narrowsTools, type ToolPolicy } from '../auth/authorize.ts';
import type { Principal } from '../auth/principal.ts';
import { GatewayError } from '../errors.ts';
import type { Policy } from '../instance/pool/decide-isolation.ts';
import type { Outbox, Upstream } from '../instance/upstream.ts';
import { type CapabilityClass, NO_CAPABILITIES } from '../relay/capability-class.ts';
import type { LegacyAccess } from '../relay/connect.ts';
import type { ModernAccess, PlainCaller } from '../relay/modern-access.ts';
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

export class Sessions {
  #servers: ReadonlyMap<string, ServedServer>;
  /** No longer configured, but still used by sessions. */
  readonly #leaving = new Map<string, ServedServer>();
  readonly #registry: SessionRegistry;
  readonly #legacy: LegacyAccess;
  /** For callers who keep nothing between requests. */
  readonly modern: ModernAccess;
  #accepting = true;
  /** Calls that belong to no session, by server. */
  readonly #loose = new Map<string, number>();
  /** What ends each subscription that belongs to no session. */
  readonly #listens = new Map<() => void, string>();

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

  /** The same for a request that may belong to a session of a server that is being removed. */
  serverOfRequest(principal: Principal, name: string): ServedServer {
    const leaving = this.#servers.has(name) ? undefined : this.#leaving.get(name);
    return leaving !== undefined && mayUseServer(principal, name) ? leaving : this.server(principal, name);
  }

  /** Replaces what is served. Tools of open sessions are narrowed anew; a server that is left out keeps serving its sessions until `forget`. */
  serve(servers: ReadonlyMap<string, ServedServer>): void {
    for (const [name, server] of this.#servers) if (!servers.has(name)) this.#leaving.set(name, server);
    for (const name of servers.keys()) this.#leaving.delete(name);
    this.#servers = servers;
    for (const session of this.#registry.all()) session.narrowAgain();
  }

  /** Nobody uses a removed server any more. One that was configured and removed again meanwhile is another. */
  forget(server: ServedServer): void {
    if (this.#leaving.get(server.name) === server) this.#leaving.delete(server.name);
  }

  get serverCount(): number {
    return this.#servers.size;
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

  /** @throws GatewayError SESSIONS_FULL, SERVER_UNKNOWN while a server is being removed, or STOPPING once the gateway drains */
  open({ front, server, principal, outbox, id, capabilities }: OpenSession): Session {
    this.assertAccepting(server);
    const session: Session = this.#registry.open({
      front,
      server: server.name,
      principal,
      ...(id === undefined ? {} : { id }),
      answers: capabilities?.key,
      lease: (initialize, signal) => {
        const { name, policy } = this.#current(server);
        const caller = { server: name, policy, principal: principal.id, session: session.id };
        return capabilities === undefined
          ? this.#legacy.connect({ ...caller, initialize, outbox, signal })
          : this.#askable(caller, capabilities);
      },
      narrow: (lease) => this.#narrowed(lease, principal, this.#current(server)),
    });
    return session;
  }

  /** An upstream of the modern era for a caller of the gateway's own who keeps no session; the caller ends it. */
  async loose(server: ServedServer, principal: Principal, capabilities: CapabilityClass): Promise<Upstream> {
    const { name, policy } = server;
    const caller = { server: name, policy, principal: principal.id, session: undefined };
    return this.#narrowed(await this.#askable(caller, capabilities), principal, server);
  }

  /** The same of the legacy era, for a caller who is asked and told nothing. */
  async plain(server: ServedServer, principal: Principal): Promise<Upstream> {
    const { name, policy } = server;
    const caller = { server: name, policy, principal: principal.id, session: undefined };
    return this.#narrowed(await this.modern.plainUpstream(caller), principal, server);
  }

  #askable(caller: PlainCaller, capabilities: CapabilityClass): Promise<Upstream> {
    const { clientInfo } = this.modern;
    const asking = { ...caller, capabilities, clientInfo, mayBeAsked: capabilities !== NO_CAPABILITIES };
    return caller.session === undefined ? this.modern.upstream(asking) : this.modern.sessionUpstream(asking);
  }

  #narrowed(upstream: Upstream, principal: Principal, { tools }: ServedServer): Upstream {
    if (!narrowsTools(principal, tools)) return upstream;
    return narrowTools(upstream, (tool) => mayUseTool(principal, tools, tool));
  }

  /** Calls that belong to no session. */
  looseCalls(server?: string): number {
    if (server !== undefined) return this.#loose.get(server) ?? 0;
    return [...this.#loose.values()].reduce((sum, count) => sum + count, 0);
  }

  /** @returns what ends the call; called once */
  callBegun({ name }: ServedServer): () => void {
    this.#loose.set(name, (this.#loose.get(name) ?? 0) + 1);
    return () => {
      const left = (this.#loose.get(name) ?? 0) - 1;
      if (left > 0) this.#loose.set(name, left);
      else this.#loose.delete(name);
    };
  }

  /** A subscription is no work that anybody waits for; `end` is called when its server changes. @returns what takes it out again */
  listenBegun({ name }: ServedServer, end: () => void): () => void {
    this.#listens.set(end, name);
    return () => {
      this.#listens.delete(end);
    };
  }

  /** Their clients subscribe again, to the server as it is then. */
  endListens(server: string): void {
    for (const [end, name] of this.#listens) if (name === server) end();
  }

  /** Running calls go on; nothing new begins. */
  stopAccepting(): void {
    this.#accepting = false;
  }

  /** @throws GatewayError STOPPING, or SERVER_UNKNOWN for a server that is being removed */
  assertAccepting(server?: ServedServer): void {
    if (!this.#accepting) throw new GatewayError('STOPPING');
    if (server !== undefined && !this.#servers.has(server.name)) throw new GatewayError('SERVER_UNKNOWN');
  }

  /** As it is configured now; a session keeps the rules of a server that is no longer. */
  #current(server: ServedServer): ServedServer {
    return this.#servers.get(server.name) ?? server;
  }
}
