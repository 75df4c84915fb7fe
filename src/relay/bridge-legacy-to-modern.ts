/** A legacy client on a modern server: what the handshake gave it, its log level, its calls and subscriptions. */
import { type ErrorCode, GatewayError, toGatewayError } from '../errors.ts';
import type { InstanceExit } from '../events.ts';
import { ownFrame } from '../instance/own-frame.ts';
import type { Lease } from '../instance/pool/pool.ts';
import { keyOf } from '../instance/routing-table.ts';
import type { ServerSpec } from '../instance/spec.ts';
import type { Call, Exchange, Outbox, ServerFacts } from '../instance/upstream.ts';
import type { Frame } from '../protocol/frame.ts';
import { idText } from '../protocol/id-text.ts';
import { findMember, parseAt } from '../protocol/json-member.ts';
import { stringAt } from '../protocol/json-string.ts';
import type { Message } from '../protocol/message.ts';
import { errorText, gatewayErrorText, resultText } from '../protocol/rpc-text.ts';
import { Listening } from './listening.ts';
import { Rounds } from './rounds.ts';
import {
  asObject,
  clientOf,
  envelopeText,
  initializeResult,
  type LegacyClient,
  withEnvelope,
} from './translate-legacy-to-modern.ts';

/** Before a client sets a level, servers of its revision may log unasked; this is what they usually do. */
const DEFAULT_LOG_LEVEL = 'info';

/** What a bridge needs to know of the configuration of its server. */
type BridgedServer = Pick<ServerSpec, 'name' | 'parkTtlMs'>;

export class LegacyOnModern implements Lease {
  readonly era = 'legacy';
  readonly #inner: Lease;
  readonly #server: BridgedServer;
  readonly #hasClient: boolean;
  readonly #listening: Listening;
  readonly #running = new Set<{ readonly id: string; readonly rounds: Rounds }>();
  readonly #legs = new Map<number, Rounds>();
  #client: LegacyClient;
  #facts: ServerFacts | undefined;
  #envelope = '';
  #logLevel: string | undefined;
  #lastLeg = 0;

  /** Owns `inner`. Without an initialize of its own the caller is the gateway, which can be asked nothing. */
  constructor(inner: Lease, server: BridgedServer, outbox: Outbox, initialize: Frame | undefined) {
    this.#inner = inner;
    this.#server = server;
    this.#hasClient = initialize !== undefined;
    this.#listening = new Listening(inner, (message) => outbox.offer(message));
    this.#client = clientOf(initialize);
    if (initialize === undefined) this.#shakeHands();
    else this.#seal();
  }

  get instance(): number {
    return this.#inner.instance;
  }

  get facts(): ServerFacts | undefined {
    return this.#facts;
  }

  get ended(): Promise<InstanceExit> {
    return this.#inner.ended;
  }

  call(request: Message, exchange: Exchange): Call {
    const { frame } = request;
    switch (frame.method) {
      case 'initialize':
        this.#client = clientOf(frame);
        this.#shakeHands();
        return this.#reply(
          frame,
          exchange,
          initializeResult(this.#discover(), this.#client, this.#server.name),
        );
      case 'ping':
        return this.#reply(frame, exchange, '{}');
      case 'logging/setLevel':
        this.#logLevel = textOf(frame, 'level') ?? this.#logLevel;
        this.#seal();
        return this.#reply(frame, exchange, '{}');
      case 'resources/subscribe':
        return this.#subscribe(frame, exchange);
      case 'resources/unsubscribe':
        this.#listening.unsubscribe(textOf(frame, 'uri') ?? '');
        return this.#reply(frame, exchange, '{}');
      default:
        return this.#run(request, exchange);
    }
  }

  tell({ frame }: Message): void {
    if (frame.method === 'notifications/initialized') {
      const capabilities = asObject(asObject(parsed(this.#discover()))['capabilities']);
      this.#listening.lists(capabilities, this.#listenEnvelope());
    } else if (frame.method === 'notifications/cancelled') {
      const id = frame.body && findMember(frame.bytes, frame.body, 'requestId');
      const text = id && frame.bytes.toString('latin1', id.start, id.end);
      const reason = textOf(frame, 'reason') ?? 'cancelled by the client';
      for (const call of this.#running) if (call.id === text) call.rounds.cancel(reason);
    }
    // Changed roots are asked for afresh in each round; nothing else has a counterpart.
  }

  answer({ frame }: Message): 'taken' | 'unknown' {
    const id = keyOf(frame.bytes, frame.id);
    const rounds = id === undefined ? undefined : this.#legs.get(id);
    if (id === undefined || rounds === undefined) return 'unknown';
    rounds.answer(id, frame);
    return 'taken';
  }

  resume(): void {
    this.#inner.resume();
  }

  /** Another process has taken over from the one that was behind this; what was subscribed to there is so here. */
  revived(): void {
    this.#listening.again(this.#listenEnvelope());
  }

  end(why: ErrorCode): Promise<void> {
    this.#listening.end();
    const ended = this.#inner.end(why);
    // A call that waits for its client is not on its way to the server, which therefore cannot fail it.
    for (const { rounds } of this.#running) rounds.fail(new GatewayError(why));
    return ended;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.end('SESSION_UNKNOWN');
  }

  #shakeHands(): void {
    this.#seal();
    const result = initializeResult(this.#discover(), this.#client, this.#server.name);
    this.#facts = { protocolVersion: this.#client.version, frame: ownFrame(resultText('0', result)).frame };
  }

  #seal(): void {
    const logs = asObject(asObject(parsed(this.#discover()))['capabilities'])['logging'] !== undefined;
    this.#envelope = envelopeText(this.#client, logs ? (this.#logLevel ?? DEFAULT_LOG_LEVEL) : undefined);
  }

  /** Log messages belong to calls; a subscription that asked for them, too, would make it unclear whose they are. */
  #listenEnvelope(): string {
    return envelopeText(this.#client, undefined);
  }

  #discover(): Frame {
    if (this.#inner.facts === undefined) throw new GatewayError('START_FAILED');
    return this.#inner.facts.frame;
  }

  #run(request: Message, exchange: Exchange): Call {
    const { bytes, id, body } = request.frame;
    // Only an object can carry the envelope.
    if (body !== undefined && bytes[body.start] !== 0x7b) {
      exchange.settle(ownFrame(errorText(idText(request.frame), -32602, 'params must be an object')));
      return { cancel: () => undefined };
    }
    const running = {
      id: id === undefined ? '' : bytes.toString('latin1', id.start, id.end),
      rounds: undefined as unknown as Rounds,
    };
    running.rounds = new Rounds({
      upstream: this.#inner,
      request: withEnvelope(request, this.#envelope),
      exchange,
      client: this.#client,
      roundMs: this.#server.parkTtlMs,
      hasClient: this.#hasClient,
      openLeg: () => {
        this.#lastLeg += 1;
        this.#legs.set(this.#lastLeg, running.rounds);
        return this.#lastLeg;
      },
      closeLeg: (leg) => this.#legs.delete(leg),
      onDone: () => this.#running.delete(running),
    });
    this.#running.add(running);
    running.rounds.start();
    return { cancel: (reason) => running.rounds.cancel(reason) };
  }

  #subscribe(frame: Frame, exchange: Exchange): Call {
    this.#listening.subscribe(textOf(frame, 'uri') ?? '', this.#listenEnvelope()).then(
      () => this.#reply(frame, exchange, '{}'),
      (cause: unknown) => exchange.settle(ownFrame(gatewayErrorText(idText(frame), toGatewayError(cause)))),
    );
    return { cancel: () => undefined };
  }

  #reply(frame: Frame, exchange: Exchange, result: string): Call {
    exchange.settle(ownFrame(resultText(idText(frame), result)));
    return { cancel: () => undefined };
  }
}

function textOf({ bytes, body }: Frame, name: string): string | undefined {
  const span = body && findMember(bytes, body, name);
  return span && stringAt(bytes, span);
}

function parsed({ bytes, body }: Frame): unknown {
  return body === undefined ? undefined : parseAt(bytes, body);
}
