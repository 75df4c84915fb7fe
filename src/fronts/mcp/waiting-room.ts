/** Messages of the server that have no stream to go to yet; bounded, and no question waits for ever. */
import { ownFrame } from '../../instance/own-frame.ts';
import type { Delivery } from '../../instance/upstream.ts';
import { scanFrame } from '../../protocol/frame.ts';
import type { Message } from '../../protocol/message.ts';
import { type Payload, payloadBytes, toBuffers } from '../../protocol/payload.ts';
import { errorText } from '../../protocol/rpc-text.ts';
import type { Session } from '../../session/session.ts';

/** Enough for the notifications of a burst; a client that never listens costs no more than this. */
const MAX_MESSAGES = 1000;
/** And no more than this, in bytes. */
const MAX_BYTES = 1024 * 1024;

interface Waiting {
  readonly data: Payload;
  readonly bytes: number;
  readonly timer: NodeJS.Timeout | undefined;
}

export class WaitingRoom {
  readonly #session: Session;
  readonly #questionWaitMs: number;
  readonly #waiting = new Set<Waiting>();
  #bytes = 0;

  constructor(session: Session, questionWaitMs: number) {
    this.#session = session;
    this.#questionWaitMs = questionWaitMs;
  }

  /** `gone` when there is no room: a question is then refused, anything else dropped. */
  add(message: Message, data: Payload): Delivery {
    const bytes = payloadBytes(data);
    if (this.#waiting.size >= MAX_MESSAGES || this.#bytes + bytes > MAX_BYTES) return 'gone';
    const isQuestion = message.frame.kind === 'request';
    const waiting: Waiting = {
      data,
      bytes,
      timer: isQuestion ? setTimeout(() => this.#giveUp(waiting), this.#questionWaitMs) : undefined,
    };
    this.#waiting.add(waiting);
    this.#bytes += bytes;
    return 'sent';
  }

  /** Hands over everything, in order. */
  leave(take: (data: Payload) => Delivery): void {
    for (const waiting of this.#waiting) {
      this.#remove(waiting);
      take(waiting.data);
    }
  }

  clear(): void {
    for (const waiting of this.#waiting) clearTimeout(waiting.timer);
    this.#waiting.clear();
    this.#bytes = 0;
  }

  #remove(waiting: Waiting): void {
    clearTimeout(waiting.timer);
    this.#waiting.delete(waiting);
    this.#bytes -= waiting.bytes;
  }

  /** Nobody came to hear the question: the server is told in the client's place. */
  #giveUp(waiting: Waiting): void {
    this.#remove(waiting);
    const scan = scanFrame(Buffer.concat(toBuffers(waiting.data)), 'server');
    if (!scan.ok || scan.frame.id === undefined) return;
    const id = scan.frame.bytes.subarray(scan.frame.id.start, scan.frame.id.end);
    this.#session.upstream?.answer(
      ownFrame(errorText(id, -32603, 'The client opened no stream to be asked on.')),
    );
  }
}
