/** A request on its way to a server and back. */
import type { GatewayError } from '../../errors.ts';
import type { Delivery, Upstream } from '../../instance/upstream.ts';
import type { Message } from '../../protocol/message.ts';
import { toBuffers } from '../../protocol/payload.ts';
import { deferred } from '../../util/deferred.ts';
import { resultPayload } from './tool-call.ts';

export interface Carried {
  /** Rejects with the GatewayError that the call failed with; an error of the server is an answer. */
  readonly answer: Promise<Message>;
  /** The server is told that nobody waits any more. */
  stop(error: GatewayError): void;
}

/** The result of an answer, as bytes of its own. */
export function resultOf(answer: Message): Buffer {
  const pieces = toBuffers(resultPayload(answer));
  return pieces.length === 1 && pieces[0] !== undefined ? pieces[0] : Buffer.concat(pieces);
}

/** `heard` takes what the server says of the call while it runs. */
export function carry(
  upstream: Upstream,
  request: Message,
  heard: (message: Message) => Delivery = () => 'sent',
): Carried {
  const waiting = deferred<Message>();
  const call = upstream.call(request, {
    notify: heard,
    ask: () => 'gone',
    settle: (answer) => {
      waiting.resolve(answer);
      return 'sent';
    },
    fail: (error) => waiting.reject(error),
  });
  return {
    answer: waiting.promise,
    stop: (error) => {
      // The first word counts, and a bridge has one of its own for what was cancelled.
      waiting.reject(error);
      call.cancel(error.message);
    },
  };
}
