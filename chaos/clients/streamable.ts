/** A client of Streamable HTTP with sessions. */
import type { Agent } from 'node:http';
import { largeCall, longCall } from '../calls.ts';
import { type Exchange, keptConnections } from '../exchange.ts';
import { eventReader, LegacySession, type Step } from './legacy-session.ts';
import type { PendingCall, RpcMessage } from './rpc-calls.ts';
import { HANG_MS, type Scene, within } from './scene.ts';

const BOTH = 'application/json, text/event-stream';
const VERSIONS = ['2025-03-26', '2025-06-18', '2025-11-25'];
const FRONT = 'streamable';

export async function streamableClient(scene: Scene): Promise<void> {
  const agent = scene.random.chance(0.5) ? keptConnections() : undefined;
  try {
    const session = new StreamableSession(scene, agent);
    if (await session.open()) await session.live();
  } finally {
    agent?.destroy();
  }
}

/** A POST that waits for answers. */
interface Post {
  readonly exchange: Exchange;
  lastEventId: string | undefined;
}

class StreamableSession extends LegacySession {
  readonly #agent: Agent | undefined;
  readonly #path: string;
  readonly #version: string;
  #sessionId = '';

  constructor(scene: Scene, agent: Agent | undefined) {
    super(scene, FRONT);
    this.#agent = agent;
    this.#path = `/${scene.server.name}${scene.random.chance(0.5) ? '/mcp' : ''}`;
    this.#version = scene.random.pick(VERSIONS);
  }

  async open(): Promise<boolean> {
    const body = JSON.stringify(this.initialize(this.#version));
    const sent = { path: this.#path, headers: { ...JSON_BODY, accept: BOTH }, body };
    // Some clients hang up before they have heard the answer; nobody could use what that opens.
    if (this.random.chance(0.03)) {
      this.scene.ledger.fault('client vanishes while its session opens');
      const exchange = this.scene.send(sent);
      await this.scene.pause(0, 100);
      exchange.reset();
      return false;
    }
    const exchange = await this.scene.answered(sent);
    this.#sessionId = String(exchange.headers['mcp-session-id'] ?? '');
    this.scene.ledger.call(FRONT, exchange.status === 200 ? 'opened' : `not opened ${exchange.status}`);
    if (exchange.status !== 200 || this.#sessionId === '') return false;
    if (this.random.chance(0.97)) await this.tell({ jsonrpc: '2.0', method: 'notifications/initialized' });
    const headers = { accept: 'text/event-stream', 'mcp-session-id': this.#sessionId };
    const sentToListen = { method: 'GET', path: this.#path, headers };
    this.scene.leave({ front: FRONT, sent: sentToListen });
    this.scene.leave({
      front: FRONT,
      sent: { ...sentToListen, headers: { ...headers, 'last-event-id': `${this.random.between(1, 5)}-0` } },
    });
    this.scene.leave({ front: FRONT, sent: { ...sentToListen, method: 'DELETE' } });
    if (this.random.chance(0.5)) this.#listen();
    return true;
  }

  protected async tell(message: unknown): Promise<void> {
    const exchange = this.#post(message, BOTH);
    await within(exchange.ended, HANG_MS);
    if (exchange.status === 404) this.over = true;
  }

  protected start(calls: readonly PendingCall[]): void {
    const isBatch = this.#version === '2025-03-26' && calls.length > 1 && this.random.chance(0.5);
    if (isBatch) this.#carry(calls);
    else for (const call of calls) this.#carry([call]);
  }

  protected ownSteps(): readonly (readonly [number, Step])[] {
    return [
      [3, () => this.#vanish()],
      [1, () => this.#halfClose()],
      [1.5, () => this.#readSlowly()],
      [1, () => this.#endMeanwhile()],
      [1, async () => void this.#listen()],
      [1, () => this.#duplicateId()],
      [1, () => this.scene.trespass(FRONT)],
    ];
  }

  protected async leave(): Promise<void> {
    if (this.over || this.random.chance(0.4)) return;
    await this.#delete();
  }

  async #delete(): Promise<void> {
    this.over = true;
    const { status } = await this.scene.answered({
      method: 'DELETE',
      path: this.#path,
      headers: { 'mcp-session-id': this.#sessionId },
    });
    if (status !== 200 && status !== 404 && !this.scene.fleeting)
      this.scene.violate(`DELETE of the own session was answered with ${status}`);
  }

  /** Sends calls and takes their answers, whatever form they come in. */
  #carry(calls: readonly PendingCall[], accept = BOTH): Post {
    const messages = calls.map((call) => call.toMessage());
    const post: { exchange: Exchange; lastEventId: string | undefined } = {
      exchange: this.#post(messages.length === 1 ? messages[0] : messages, accept, (id) => {
        post.lastEventId = id;
      }),
      lastEventId: undefined,
    };
    void post.exchange.ended.then((ending) => this.#afterwards(post.exchange, ending, calls));
    return post;
  }

  #afterwards(exchange: Exchange, ending: 'whole' | 'cut', calls: readonly PendingCall[]): void {
    const left = calls.filter(({ outcome }) => outcome === undefined);
    if (exchange.status === 404) this.over = true;
    if (left.length === 0 || (exchange.spoiled && ending === 'cut')) return;
    const isExpected =
      this.over || this.scene.fleeting || exchange.status >= 400 || exchange.reusedConnection;
    for (const call of left) {
      if (!isExpected)
        this.scene.violate(`${call.call.kind} ${call.nonce} ended (${ending}) without an answer`);
      call.settle(exchange.status >= 400 ? `refused ${exchange.status}` : 'ended without an answer');
    }
  }

  #post(message: unknown, accept: string, onEventId?: (id: string) => void): Exchange {
    const headers: Record<string, string> = { ...JSON_BODY, accept, 'mcp-session-id': this.#sessionId };
    if (this.random.chance(0.5)) headers['mcp-protocol-version'] = this.#version;
    const body = typeof message === 'string' ? message : JSON.stringify(message);
    const read = this.#reader(onEventId);
    let isStream: boolean | undefined;
    const exchange: Exchange = this.own(
      this.scene.send(
        { path: this.#path, headers, body },
        {
          hear: (text) => {
            isStream ??= exchange.headers['content-type']?.startsWith('text/event-stream') ?? false;
            if (isStream) read(text);
          },
          ...(this.#agent !== undefined && { agent: this.#agent }),
        },
      ),
    );
    let whole = '';
    void exchange.ended.then(() => {
      whole = exchange.text;
      if (isStream === false && exchange.status === 200) this.#takeJson(whole);
    });
    return exchange;
  }

  #reader(onEventId?: (id: string) => void): (text: string) => void {
    return eventReader(({ id, data }) => {
      if (id !== undefined) onEventId?.(id);
      if (data !== '') this.#takeJson(data);
    });
  }

  #takeJson(text: string): void {
    const parsed = parseJson(text);
    if (parsed === undefined) return;
    for (const message of Array.isArray(parsed) ? parsed : [parsed]) this.take(message as RpcMessage);
  }

  #listen(headers: Readonly<Record<string, string>> = {}): Exchange {
    const read = this.#reader();
    return this.own(
      this.scene.send(
        {
          method: 'GET',
          path: this.#path,
          headers: { accept: 'text/event-stream', 'mcp-session-id': this.#sessionId, ...headers },
        },
        { hear: read },
      ),
    );
  }

  /** The connection breaks in the middle of a call; some come back for what they missed. */
  async #vanish(): Promise<void> {
    const call = this.add(longCall);
    const post = this.#carry([call], 'text/event-stream');
    await this.scene.pause(5, 120);
    this.scene.ledger.fault('client vanishes mid-call');
    post.exchange.reset();
    if (call.outcome !== undefined) return;
    if (post.lastEventId === undefined || this.random.chance(0.3)) return call.abandon();
    this.scene.ledger.fault('client resumes with Last-Event-ID');
    const resumed = this.#listen({ 'last-event-id': post.lastEventId });
    const status = await within(resumed.head, HANG_MS);
    if (status !== 200) return call.abandon();
    void resumed.ended.then(() => {
      if (call.outcome === undefined && !this.over && !this.scene.fleeting && !resumed.spoiled)
        this.scene.violate(`${call.call.kind} ${call.nonce} was resumed and never answered`);
      call.abandon();
    });
    await this.outcomes([call]);
  }

  async #halfClose(): Promise<void> {
    const call = this.add(longCall);
    const post = this.#carry([call]);
    await this.scene.pause(1, 20);
    this.scene.ledger.fault('client half-closes');
    post.exchange.halfClose();
    await within(post.exchange.ended, HANG_MS);
    if (call.outcome === undefined) call.abandon();
  }

  async #readSlowly(): Promise<void> {
    const call = this.add(largeCall);
    const { exchange } = this.#carry([call]);
    await within(exchange.head, HANG_MS);
    this.scene.ledger.fault('client reads slowly');
    for (let left = this.random.between(1, 4); left > 0; left -= 1) {
      exchange.pause();
      await this.scene.pause(50, 200);
      exchange.resume();
      await this.scene.pause(1, 5);
    }
    await this.outcomes([call]);
  }

  async #endMeanwhile(): Promise<void> {
    this.start([this.add(longCall), this.add(longCall)]);
    await this.scene.pause(1, 40);
    this.scene.ledger.fault('client ends its session mid-call');
    await this.#delete();
    await this.outcomes(this.calls.waiting);
  }

  async #duplicateId(): Promise<void> {
    const call = this.add(longCall);
    this.#carry([call]);
    this.scene.ledger.fault('client uses an id twice');
    const twin = { jsonrpc: '2.0', id: call.id, method: 'ping' };
    const headers = { ...JSON_BODY, accept: BOTH, 'mcp-session-id': this.#sessionId };
    await this.scene.answered({ path: this.#path, headers, body: JSON.stringify(twin) });
    await this.outcomes([call]);
  }
}

const JSON_BODY = { 'content-type': 'application/json' };

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
