/**
 * One request of a modern client on a legacy server. When the server asks the client something, the HTTP exchange is
 * settled with the question and the call stays pending, parked, until a retry brings the answer and a new exchange.
 */

import { GatewayError } from '../errors.ts';
import { ownFrame } from '../instance/own-frame.ts';
import type { Call, Delivery, Exchange } from '../instance/upstream.ts';
import { LOG_LEVEL_KEY, MAY_ASK, SERVER_INFO_KEY } from '../protocol/era.ts';
import type { Frame } from '../protocol/frame.ts';
import { idText } from '../protocol/id-text.ts';
import { elements, findMember } from '../protocol/json-member.ts';
import { stringAt } from '../protocol/json-string.ts';
import type { Message } from '../protocol/message.ts';
import { errorText, resultText } from '../protocol/rpc-text.ts';
import { editAt } from '../protocol/splice.ts';
import type { Clock, Timer } from '../util/clock.ts';
import { digestOf } from './park-digest.ts';
import { type Lacking, type Question, readAnswers } from './park-question.ts';
import type { Parked, Parks, RequestState } from './parks.ts';
import { codeOf, toInputRequest, toModernAnswer, toUrlRequest } from './translate-modern-to-legacy.ts';

/** Servers ask in parallel: how long to wait for more questions, in milliseconds. */
const GATHER_MS = 25;
const URL_ELICITATION_REQUIRED = -32042;

/** What a call needs of the group it runs in. */
export interface CallHost {
  readonly parks: Parks<LegacyCall>;
  readonly clock: Clock;
  readonly server: string;
  readonly instance: number;
  readonly parkTtlMs: number;
  /** JSON text. */
  readonly serverInfo: string;
  readonly mayAskUrl: boolean;
  /** Writes the call to the server. The answer comes to the call as to any exchange. */
  send(call: LegacyCall, request: Message): Call;
  /** `result` is JSON text. */
  answer(question: Question, result: string): void;
  /** Tells the server that nobody will answer. */
  refuse(question: Question): void;
  /** A call that waits for a person must not time out. */
  wait(call: LegacyCall, waiting: boolean): void;
  /** The call has ended; questions that it carried and nobody answered may belong to another. */
  over(call: LegacyCall, left: readonly Question[], wasCancelled: boolean): void;
}

export class LegacyCall implements Exchange, Parked {
  readonly principal: string;
  /** JSON text of the id of the task that the server runs this call as. */
  task: string | undefined;
  /** Of a question that this call most likely asked and its client was spared. */
  lacking: Lacking | undefined;
  readonly #host: CallHost;
  readonly #parkId: number;
  #request: Message;
  /** Undefined while parked. */
  #exchange: Exchange | undefined;
  readonly #open = new Map<string, Question>();
  /** By the names under which the client was asked in this round. */
  #asked: ReadonlyMap<string, Question> = new Map();
  #round = 0;
  #timer: Timer | undefined;
  #running: Call | undefined;
  /** An answer that came while nobody waited for it. */
  #outcome: Frame | GatewayError | undefined;
  #over = false;

  constructor(host: CallHost, request: Message, exchange: Exchange, principal: string) {
    this.#host = host;
    this.#parkId = host.parks.nextId();
    this.#request = request;
    this.#exchange = exchange;
    this.principal = principal;
  }

  get server(): string {
    return this.#host.server;
  }

  get method(): string {
    return this.#request.frame.method ?? '';
  }

  get mayAsk(): boolean {
    return MAY_ASK.has(this.method);
  }

  get isParked(): boolean {
    return this.#exchange === undefined;
  }

  /** The least severe log message that the client wants of this request, while it listens. */
  get logLevel(): string | undefined {
    const { bytes, meta } = this.#request.frame;
    const span = this.#exchange && meta && findMember(bytes, meta, LOG_LEVEL_KEY);
    return span && stringAt(bytes, span);
  }

  /** Sends the call; with questions that came before it, only once they are answered. */
  start(early: readonly Question[]): void {
    for (const question of early) this.#open.set(question.key, question);
    this.#advance();
  }

  /** The server asks while it runs this call. */
  question(question: Question): void {
    this.#open.set(question.key, question);
    if (!this.isParked) this.#gather();
  }

  /** The server no longer wants to know. */
  withdraw(key: string): boolean {
    return this.#open.delete(key);
  }

  /** A retry comes back for this call. False when it may not: another was faster, or what it brings is no answer. */
  resume(round: number, request: Message, exchange: Exchange): boolean {
    if (!this.isParked || round !== this.#round) return false;
    const answers = readAnswers(request.frame, this.#asked);
    if (answers === undefined) return false;
    this.#host.parks.remove(this.#parkId);
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#exchange = exchange;
    this.#request = request;
    this.#host.wait(this, false);
    for (const { question, result } of answers) {
      if (this.#open.delete(question.key)) this.#host.answer(question, result);
    }
    if (this.#outcome instanceof GatewayError) this.fail(this.#outcome);
    else if (this.#outcome !== undefined) this.#deliver(this.#outcome);
    else if (this.#open.size > 0) this.#gather();
    else if (this.#running === undefined) this.#advance();
    return true;
  }

  /** The client has gone. */
  cancel(reason: string): void {
    if (this.#over) return;
    this.#exchange = undefined;
    this.#running?.cancel(reason);
    this.#finish(true);
  }

  /** The process has ended. */
  abandon(): void {
    this.#running?.cancel('');
    this.fail(new GatewayError('SERVER_EXITED'));
    this.#finish();
  }

  log(message: Message): Delivery {
    return this.#exchange?.notify(message) ?? 'gone';
  }

  // What the server says

  /** Progress, under the token of whoever waits now. */
  notify({ frame, edits }: Message): Delivery {
    const { bytes, meta } = this.#request.frame;
    const token = meta && findMember(bytes, meta, 'progressToken');
    if (this.#exchange === undefined || token === undefined) return 'sent';
    const text = bytes.subarray(token.start, token.end);
    return this.#exchange.notify({ frame, edits: edits.map((edit) => editAt(edit, text)) });
  }

  /** Questions of a legacy server name no call; the group finds out whose they are. */
  ask(): Delivery {
    return 'gone';
  }

  settle({ frame }: Message): Delivery {
    if (!this.isParked) return this.#deliver(frame);
    this.#outcome = frame;
    return 'sent';
  }

  fail(error: GatewayError): void {
    this.#outcome = error;
    const exchange = this.#exchange;
    if (exchange === undefined) return;
    this.#finish();
    exchange.fail(error);
  }

  #deliver(answer: Frame): Delivery {
    const exchange = this.#exchange;
    const asked = answer.kind === 'error' && this.mayAsk ? this.#errorAnswer(answer) : undefined;
    const edits =
      asked === undefined
        ? toModernAnswer(answer, { method: this.method, serverInfo: this.#host.serverInfo })
        : [];
    this.#finish();
    if (exchange === undefined || answer.id === undefined) return 'gone';
    return exchange.settle(asked ?? { frame: answer, edits: [...edits, editAt(answer.id, this.#clientId)] });
  }

  /** An error that says what the client should do or be. */
  #errorAnswer(answer: Frame): Message | undefined {
    const code = codeOf(answer);
    if (code === URL_ELICITATION_REQUIRED) return this.#urlAnswer(answer);
    if (code !== this.lacking?.code) return undefined;
    const missing = { requiredCapabilities: this.lacking.capabilities };
    return ownFrame(errorText(this.#clientId, -32021, 'The client lacks a capability.', missing));
  }

  /** The call has ended and must be made again after the client has been to a page (2025-11-25 elicitation, URL mode). */
  #urlAnswer({ bytes, body }: Frame): Message | undefined {
    const data = body && findMember(bytes, body, 'data');
    const list = data && findMember(bytes, data, 'elicitations');
    const wanted =
      list === undefined ? [] : elements(bytes, list).filter(({ start }) => bytes[start] === 0x7b);
    if (wanted.length === 0) return undefined;
    if (this.#host.mayAskUrl)
      return this.#inputRequired(
        wanted.map((each, n) => [`r1-${n + 1}`, toUrlRequest(bytes, each)]),
        { kind: 'resend' },
      );
    const missing = { requiredCapabilities: { elicitation: { url: {} } } };
    return ownFrame(errorText(this.#clientId, -32021, 'The server wants its user to visit a page.', missing));
  }

  // Rounds

  #gather(): void {
    this.#timer ??= this.#host.clock.setTimer(GATHER_MS, () => this.#advance());
  }

  /** Puts what is open to the client, or, when nothing is, sees to it that the call runs. */
  #advance(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    if (this.#open.size > 0 && this.#host.parks.add(this.#parkId, this)) return this.#park();
    for (const question of this.#open.values()) this.#host.refuse(question);
    this.#open.clear();
    this.#running ??= this.#host.send(this, this.#request);
  }

  #park(): void {
    this.#round += 1;
    this.#asked = new Map(
      [...this.#open.values()].map((question, n) => [`r${this.#round}-${n + 1}`, question]),
    );
    const state = {
      kind: 'park',
      park: this.#parkId,
      instance: this.#host.instance,
      round: this.#round,
    } as const;
    const requests = [...this.#asked].map(([name, { frame }]): [string, string] => [
      name,
      toInputRequest(frame),
    ]);
    const message = this.#inputRequired(requests, state);
    const exchange = this.#exchange;
    this.#exchange = undefined;
    this.#host.wait(this, true);
    this.#timer = this.#host.clock.setTimer(this.#host.parkTtlMs, () => this.#expire());
    exchange?.settle(message);
  }

  #inputRequired(requests: readonly (readonly [string, string])[], state: RequestState): Message {
    const { parks, server, parkTtlMs, serverInfo } = this.#host;
    const digest = digestOf(this.#request.frame);
    const token = parks.seal(state, { server, principal: this.principal, digest, ttlMs: parkTtlMs });
    const entries = requests.map(([name, text]) => `"${name}":${text}`).join(',');
    const meta = `{"${SERVER_INFO_KEY}":${serverInfo}}`;
    const result = `{"resultType":"input_required","inputRequests":{${entries}},"requestState":"${token}","_meta":${meta}}`;
    return ownFrame(resultText(this.#clientId, result));
  }

  /** The client did not come back. */
  #expire(): void {
    for (const question of this.#open.values()) this.#host.refuse(question);
    this.#open.clear();
    this.cancel('the client did not answer in time');
  }

  #finish(wasCancelled = false): void {
    if (this.#over) return;
    this.#over = true;
    this.#timer?.cancel();
    this.#host.parks.remove(this.#parkId);
    const left = [...this.#open.values()];
    this.#open.clear();
    this.#exchange = undefined;
    this.#host.over(this, left, wasCancelled);
  }

  get #clientId(): Buffer {
    return idText(this.#request.frame);
  }
}
