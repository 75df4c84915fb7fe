/** A client of HTTP+SSE: everything it hears comes on one stream, which may break. */
import { largeCall, longCall } from '../calls.ts';
import type { Exchange } from '../exchange.ts';
import { eventReader, LegacySession, type Step } from './legacy-session.ts';
import type { PendingCall, RpcMessage } from './rpc-calls.ts';
import { HANG_MS, type Scene, within } from './scene.ts';

const FRONT = 'sse';

export async function sseClient(scene: Scene): Promise<void> {
  const session = new SseSession(scene);
  if (await session.open()) await session.live();
  else session.close();
}

class SseSession extends LegacySession {
  readonly #path: string;
  #stream: Exchange | undefined;
  #endpoint = '';
  #lastEventId = '';
  #onEndpoint: () => void = () => undefined;
  /** Calls whose POST was answered with 202. */
  readonly #accepted = new WeakSet<PendingCall>();
  #streamEnded = false;

  constructor(scene: Scene) {
    super(scene, FRONT);
    this.#path = `/${scene.server.name}${scene.random.chance(0.5) ? '/sse' : ''}`;
  }

  async open(): Promise<boolean> {
    const status = await this.#connect();
    if (status !== 200) {
      this.scene.ledger.call(FRONT, `not opened ${status}`);
      return false;
    }
    this.scene.leave({ front: FRONT, sent: this.#sent({ jsonrpc: '2.0', id: 1, method: 'ping' }) });
    this.scene.leave({
      front: FRONT,
      sent: { method: 'GET', path: this.#path, headers: { ...EVENTS, 'last-event-id': this.#lastEventId } },
    });
    const shaken = this.calls.add(() => HANDSHAKE);
    await this.tell({ ...this.initialize('2024-11-05'), id: shaken.id });
    this.#accepted.add(shaken);
    if (this.#streamEnded) this.#lost(shaken);
    await this.outcomes([shaken]);
    this.scene.ledger.call(FRONT, shaken.outcome === 'answered' ? 'opened' : `not opened: ${shaken.outcome}`);
    if (shaken.outcome !== 'answered') return false;
    await this.tell({ jsonrpc: '2.0', method: 'notifications/initialized' });
    return true;
  }

  close(): void {
    this.over = true;
    this.calls.abandonAll();
    this.#stream?.reset();
  }

  protected async tell(message: unknown): Promise<void> {
    const exchange = await this.scene.answered(this.#sent(message));
    if (exchange.status === 404) this.#gone();
  }

  protected start(calls: readonly PendingCall[]): void {
    for (const call of calls) void this.#begin(call);
  }

  protected ownSteps(): readonly (readonly [number, Step])[] {
    return [
      [3, () => this.#dropStream()],
      [1.5, () => this.#readSlowly()],
      [1, () => this.scene.trespass(FRONT)],
    ];
  }

  protected async leave(): Promise<void> {
    this.over = true;
    if (this.random.chance(0.5)) this.#stream?.halfClose();
    this.#stream?.reset();
  }

  async #begin(call: PendingCall): Promise<void> {
    const exchange = await this.scene.answered(this.#sent(call.toMessage()));
    if (exchange.status === 404) this.#gone();
    if (exchange.status !== 202 && call.outcome === undefined) call.settle(`refused ${exchange.status}`);
    this.#accepted.add(call);
    if (this.#streamEnded) this.#lost(call);
  }

  /** The stream ended before the answer of a call that was accepted. */
  #lost(call: PendingCall): void {
    if (call.outcome !== undefined) return;
    if (!this.scene.fleeting)
      this.scene.violate(`the stream ended before ${call.call.kind} ${call.nonce} was answered`);
    call.settle('ended without an answer');
  }

  #gone(): void {
    this.over = true;
    this.calls.settleAll('session gone');
  }

  #sent(message: unknown) {
    const body = typeof message === 'string' ? message : JSON.stringify(message);
    return { path: this.#endpoint, headers: { 'content-type': 'application/json' }, body };
  }

  /** Opens the stream, or one that carries on; resolves with its status when its endpoint is known. */
  async #connect(lastEventId?: string): Promise<number> {
    const headers = { ...EVENTS, ...(lastEventId !== undefined && { 'last-event-id': lastEventId }) };
    const known = new Promise<void>((resolve) => {
      this.#onEndpoint = resolve;
    });
    const read = eventReader(({ event, id, data }) => {
      if (stream !== this.#stream) return;
      if (id !== undefined) this.#lastEventId = id;
      if (event !== 'endpoint') return this.take(JSON.parse(data) as RpcMessage);
      if (this.#endpoint !== '' && this.#endpoint !== data) this.calls.abandonAll();
      this.#endpoint = data;
      this.#onEndpoint();
    });
    const stream: Exchange = this.own(
      this.scene.send({ method: 'GET', path: this.#path, headers }, { hear: (text) => read(text) }),
    );
    this.#stream = stream;
    void stream.ended.then(() => {
      // A refusal is no stream: whoever asked for it sees it.
      if (stream.status === 200) this.#onStreamEnd(stream);
    });
    const status = (await within(stream.head, HANG_MS)) ?? 0;
    if (status === 200) await within(Promise.race([known, stream.ended]), HANG_MS);
    return status;
  }

  #onStreamEnd(stream: Exchange): void {
    if (stream !== this.#stream || stream.spoiled || this.over) return;
    this.over = true;
    this.#streamEnded = true;
    // Others are perhaps refused.
    for (const call of this.calls.waiting) if (this.#accepted.has(call)) this.#lost(call);
  }

  async #dropStream(): Promise<void> {
    const call = this.add(longCall);
    this.start([call]);
    await this.scene.pause(0, 100);
    this.scene.ledger.fault('client vanishes mid-call');
    this.#stream?.reset();
    await this.scene.pause(0, 700);
    this.scene.ledger.fault('client resumes with Last-Event-ID');
    const before = this.#endpoint;
    const status = await this.#connect(this.#lastEventId);
    if (status !== 200 || this.#endpoint !== before) {
      // Too late: that is another session, which has not shaken hands.
      this.over = true;
      return this.calls.abandonAll();
    }
    await this.outcomes([call]);
  }

  async #readSlowly(): Promise<void> {
    const stream = this.#stream;
    const call = this.add(largeCall);
    this.start([call]);
    this.scene.ledger.fault('client reads slowly');
    for (let left = this.random.between(1, 4); left > 0; left -= 1) {
      stream?.pause();
      await this.scene.pause(50, 200);
      stream?.resume();
      await this.scene.pause(1, 5);
    }
    await this.outcomes([call]);
    // It reads on as it should.
    if (stream !== undefined) stream.spoiled = false;
  }
}

const EVENTS = { accept: 'text/event-stream' };
const HANDSHAKE = { kind: 'initialize', tool: '', args: {}, echoes: false };
