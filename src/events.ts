/**
 * Everything worth observing, as data. The core emits; logs, metrics and traces subscribe. Nothing here knows a
 * logger, and nothing is formatted before somebody reads it.
 */

/** Why an instance is gone. */
export interface InstanceExit {
  readonly exitCode: number | null;
  readonly signal: string | null;
  /** True when the gateway itself ended the process. */
  readonly expected: boolean;
  /** Why it did not start, where its end does not tell: the operating system's reason, or that it took too long. */
  readonly spawnError: string | undefined;
  /** The last lines of standard error, oldest first. */
  readonly stderrTail: readonly string[];
}

export type GatewayEvent =
  | { readonly type: 'gateway.stopping'; readonly drainMs: number }
  | { readonly type: 'gateway.stopped' }
  | {
      /** The event loop stood still; `server` had most to say meanwhile. */
      readonly type: 'gateway.blocked';
      readonly blockedMs: number;
      readonly server: string | undefined;
    }
  | {
      readonly type: 'gateway.fault';
      readonly where: string;
      readonly cause: unknown;
      readonly requestId?: string;
    }
  | {
      readonly type: 'config.reloaded';
      /** Names of servers. */
      readonly added: readonly string[];
      readonly removed: readonly string[];
      readonly changed: readonly string[];
      readonly retooled: readonly string[];
      readonly auth: boolean;
      /** Keys that took effect. */
      readonly settings: readonly string[];
      /** Keys that only take effect with the next start. */
      readonly needRestart: readonly string[];
    }
  /** Another configuration was offered and cannot be used; the one before stays in use. */
  | { readonly type: 'config.rejected'; readonly problems: readonly string[] }
  /** The last process of a server that was removed has ended. */
  | { readonly type: 'server.drained'; readonly server: string; readonly tookMs: number }
  | {
      readonly type: 'instance.started';
      readonly server: string;
      readonly instance: number;
      readonly pid: number;
    }
  | {
      readonly type: 'instance.ready';
      readonly server: string;
      readonly instance: number;
      readonly tookMs: number;
    }
  | {
      readonly type: 'instance.exited';
      readonly server: string;
      readonly instance: number;
      readonly pid: number | undefined;
      readonly ready: boolean;
      readonly exit: InstanceExit;
    }
  | {
      readonly type: 'instance.stderr';
      readonly server: string;
      readonly instance: number;
      readonly line: string;
    }
  | {
      readonly type: 'instance.noise';
      readonly server: string;
      readonly instance: number;
      readonly why: string;
      readonly line: string;
    }
  | {
      /** Its first message that is large; told once. */
      readonly type: 'instance.large';
      readonly server: string;
      readonly instance: number;
      readonly bytes: number;
    }
  | {
      readonly type: 'instance.dropped';
      readonly server: string;
      readonly instance: number;
      readonly why: string;
    }
  | {
      /** A start failed, and starts are refused for `waitMs` now; `failed` when the limit was reached. */
      readonly type: 'server.failing';
      readonly server: string;
      readonly state: 'backing-off' | 'failed';
      /** Within the window that counts. */
      readonly failures: number;
      readonly waitMs: number;
      readonly reason: string;
    }
  | {
      /** A failed server has started again. */
      readonly type: 'server.recovered';
      readonly server: string;
    }
  | {
      /** Told with the first process of a server that has limits. */
      readonly type: 'server.limits';
      readonly server: string;
      readonly applied: readonly string[];
      readonly absent: readonly { readonly key: string; readonly why: string }[];
    }
  | { readonly type: 'orphans.swept'; readonly groups: number }
  | {
      /** Servers may outlive a gateway that is killed. */
      readonly type: 'orphans.unguarded';
      readonly what: 'watchdog' | 'journal';
      readonly why: string;
    }
  | {
      /** It has a process of its own although its server's policy is to share. */
      readonly type: 'session.apart';
      readonly session: string;
      readonly server: string;
      readonly why: string;
    }
  | {
      /** It says more than is read; told once. */
      readonly type: 'instance.paced';
      readonly server: string;
      readonly instance: number;
      readonly linesPerSecond: number;
    }
  | {
      readonly type: 'spare.taken';
      readonly server: string;
      readonly instance: number;
      /** It has shaken hands already. */
      readonly shaken: boolean;
    }
  | {
      readonly type: 'spares.delayed';
      readonly server: string;
      readonly waitMs: number;
      readonly why: string;
    }
  | {
      readonly type: 'session.opened';
      readonly session: string;
      readonly server: string;
      readonly front: string;
      readonly principal: string;
    }
  | {
      readonly type: 'session.leased';
      readonly session: string;
      readonly server: string;
      readonly instance: number;
    }
  | {
      readonly type: 'session.ended';
      readonly session: string;
      readonly server: string;
      readonly front: string;
      readonly reason: string;
    }
  | {
      readonly type: 'request.refused';
      readonly method: string;
      readonly url: string;
      readonly status: number;
      readonly code: string;
      readonly detail: string | undefined;
      readonly requestId: string;
    }
  /** Somebody at this address keeps giving wrong passwords for one user. */
  | {
      readonly type: 'auth.guessing';
      readonly address: string;
      readonly failures: number;
      readonly waitMs: number;
    }
  /** A connection was closed at a limit: `connections` or `connectionsPerAddress`. */
  | { readonly type: 'connection.refused'; readonly limit: string }
  | {
      readonly type: 'call.settled';
      readonly server: string;
      readonly method: string;
      readonly outcome: string;
      readonly tookMs: number;
    }
  /** A server process announced that its list of tools is another now. */
  | { readonly type: 'server.tools-changed'; readonly server: string; readonly instance: number }
  | { readonly type: 'catalog.failed'; readonly server: string; readonly why: string }
  | {
      readonly type: 'message';
      readonly server: string;
      readonly instance: number;
      readonly direction: 'to-server' | 'from-server';
      readonly bytes: readonly Buffer[];
    };

export type EventListener = (event: GatewayEvent) => void;

/** A listener that throws is a fault of the listener; the emitter goes on. */
export interface Events {
  emit(event: GatewayEvent): void;
  /** Whether somebody reads `message` events; ask before making one, they are on the hot path. */
  readonly messagesWanted: boolean;
  /** Subscribing again replaces the subscription. @returns a function that ends it */
  subscribe(listener: EventListener, options?: { readonly messages?: boolean }): () => void;
}

interface Subscription {
  readonly listener: EventListener;
  readonly messages: boolean;
}

export function createEvents(): Events {
  /** Replaced with each change, so that whoever subscribes while an event is told does not disturb that. */
  let subscriptions: readonly Subscription[] = [];
  let messagesWanted = false;
  const replace = (changed: readonly Subscription[]): void => {
    subscriptions = changed;
    messagesWanted = changed.some(({ messages }) => messages);
  };
  return {
    get messagesWanted() {
      return messagesWanted;
    },
    emit(event) {
      for (const { listener, messages } of subscriptions) {
        if (event.type === 'message' && !messages) continue;
        try {
          listener(event);
        } catch {
          // An observer must never be able to disturb what it observes.
        }
      }
    },
    subscribe(listener, options) {
      const others = subscriptions.filter((each) => each.listener !== listener);
      replace([...others, { listener, messages: options?.messages ?? false }]);
      return () => replace(subscriptions.filter((each) => each.listener !== listener));
    },
  };
}
