/**
 * Binds what a modern server lets its client carry, `requestState`, to the principal it was given to (2026-07-28
 * mrtr): a stdio server knows no principals. Only calls that may carry one are looked into.
 */

import { ownFrame } from '../instance/own-frame.ts';
import type { Call, Delivery, Exchange, Upstream } from '../instance/upstream.ts';
import { MAY_ASK } from '../protocol/era.ts';
import type { Frame } from '../protocol/frame.ts';
import { bodyLookalikes, bodyMember } from '../protocol/frame-members.ts';
import { idText } from '../protocol/id-text.ts';
import { stringAt } from '../protocol/json-string.ts';
import type { Message } from '../protocol/message.ts';
import { errorText } from '../protocol/rpc-text.ts';
import { type Edit, editAt } from '../protocol/splice.ts';
import type { StateSeal } from './sealed-state.ts';
import { WrappedExchange, WrappedUpstream } from './wrapped-upstream.ts';

const STATE = 'requestState';
const NO_EDITS: readonly Edit[] = [];

export function sealStates(inner: Upstream, seal: StateSeal, principal: string, server: string): Upstream {
  return new SealedUpstream(inner, { seal, principal, server });
}

interface Binding {
  readonly seal: StateSeal;
  readonly principal: string;
  readonly server: string;
}

class SealedUpstream extends WrappedUpstream {
  readonly #binding: Binding;

  constructor(inner: Upstream, binding: Binding) {
    super(inner);
    this.#binding = binding;
  }

  override call(request: Message, exchange: Exchange): Call {
    const { frame, edits } = request;
    if (!MAY_ASK.has(frame.method ?? '')) return this.inner.call(request, exchange);
    const opened = openState(frame, this.#binding);
    if (opened === undefined) {
      exchange.settle(ownFrame(errorText(idText(frame), -32602, 'requestState invalid or expired')));
      return { cancel: () => undefined };
    }
    const message = opened.length === 0 ? request : { frame, edits: [...edits, ...opened] };
    return this.inner.call(message, new SealingExchange(exchange, this.#binding));
  }
}

/** Puts the server's own state back, byte for byte; undefined when it is not this principal's. */
function openState(frame: Frame, { seal, principal, server }: Binding): readonly Edit[] | undefined {
  const states = bodyLookalikes(frame, STATE);
  if (states.length === 0) return NO_EDITS;
  const state = bodyMember(frame, STATE);
  // Two of them, or one that only a server that ignores case takes for it, would let an unsealed one through.
  if (states.length > 1 || state === undefined) return undefined;
  const opened = seal.open(stringAt(frame.bytes, state) ?? '');
  if (opened?.['kind'] !== 'server' || opened['principal'] !== principal || opened['server'] !== server)
    return undefined;
  return [editAt(state, String(opened['text']))];
}

class SealingExchange extends WrappedExchange {
  readonly #binding: Binding;

  constructor(inner: Exchange, binding: Binding) {
    super(inner);
    this.#binding = binding;
  }

  override settle(message: Message): Delivery {
    const { frame, edits } = message;
    const state = frame.kind === 'response' ? bodyMember(frame, STATE) : undefined;
    if (state === undefined) return this.inner.settle(message);
    const { seal, principal, server } = this.#binding;
    const text = frame.bytes.toString('utf8', state.start, state.end);
    return this.inner.settle({
      frame,
      edits: [...edits, editAt(state, `"${seal.seal({ kind: 'server', principal, server, text })}"`)],
    });
  }
}
