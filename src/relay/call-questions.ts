/**
 * Questions of several processes to one client. Each process numbers its own; here they get numbers that are unique
 * in the client's session, so that an answer finds the process that asked.
 */
import { ownFrame } from '../instance/own-frame.ts';
import type { Lease } from '../instance/pool/pool.ts';
import { keyOf } from '../instance/routing-table.ts';
import type { Delivery, Outbox } from '../instance/upstream.ts';
import type { Span } from '../protocol/frame.ts';
import { findMember } from '../protocol/json-member.ts';
import type { Message } from '../protocol/message.ts';
import { editAt, splice } from '../protocol/splice.ts';
import { keyIn } from './park-question.ts';

/** One process, from before it is there. */
interface Asker {
  lease: Lease | undefined;
  readonly open: Set<number>;
}

interface Question {
  readonly asker: Asker;
  /** The number it has on its process, as its text. */
  readonly key: string;
}

export class CallQuestions {
  readonly #outbox: Outbox;
  readonly #questions = new Map<number, Question>();
  #last = 0;

  constructor(outbox: Outbox) {
    this.#outbox = outbox;
  }

  /** An outbox for one more process. `ended` forgets what it asked. */
  asker(): Outbox & { begin(lease: Lease): void; ended(): void } {
    const asker: Asker = { lease: undefined, open: new Set() };
    return {
      offer: (message) => this.#offer(asker, message),
      begin: (lease) => {
        asker.lease = lease;
      },
      ended: () => {
        for (const number of asker.open) this.#questions.delete(number);
      },
    };
  }

  answer(response: Message): 'taken' | 'unknown' {
    const { frame } = response;
    const number = keyOf(frame.bytes, frame.id);
    const question = number === undefined ? undefined : this.#questions.get(number);
    if (number === undefined || frame.id === undefined || question === undefined) return 'unknown';
    this.#close(number, question);
    return question.asker.lease?.answer(renamed(response, frame.id, question.key)) ?? 'unknown';
  }

  /** Progress of the client on a question. */
  progress(notification: Message): void {
    const { bytes, body } = notification.frame;
    const span = body && findMember(bytes, body, 'progressToken');
    const number = keyOf(bytes, span);
    const question = number === undefined ? undefined : this.#questions.get(number);
    if (span !== undefined && question !== undefined)
      question.asker.lease?.tell(renamed(notification, span, question.key));
  }

  #offer(asker: Asker, message: Message): Delivery {
    const { frame } = message;
    if (frame.kind === 'request') return this.#ask(asker, message);
    if (frame.method !== 'notifications/cancelled') return this.#outbox.offer(message);
    const key = keyIn(message);
    const number = [...asker.open].find((each) => this.#questions.get(each)?.key === key);
    if (number === undefined) return 'sent';
    const question = this.#questions.get(number);
    if (question !== undefined) this.#close(number, question);
    return this.#outbox.offer(renumbered(message, key, number));
  }

  #ask(asker: Asker, message: Message): Delivery {
    this.#last += 1;
    const number = this.#last;
    const question = { asker, key: keyIn(message) };
    this.#questions.set(number, question);
    asker.open.add(number);
    const delivery = this.#outbox.offer(renumbered(message, question.key, number));
    if (delivery === 'gone') this.#close(number, question);
    return delivery;
  }

  #close(number: number, { asker }: Question): void {
    this.#questions.delete(number);
    asker.open.delete(number);
  }
}

/** The id of a question, and its progress token, are put in by the instance as the same number. */
function renumbered({ frame, edits }: Message, key: string, number: number): Message {
  return {
    frame,
    edits: edits.map((edit) => (edit.text === key ? editAt(edit, String(number)) : edit)),
  };
}

function renamed({ frame, edits }: Message, span: Span, key: string): Message {
  return ownFrame(Buffer.concat(splice(frame, [...edits, editAt(span, key)])).toString());
}
