/** A request of the gateway itself, for its own use: small, and answered with the frame as it came. */

import { envelope } from '../protocol/envelope.ts';
import type { Frame } from '../protocol/frame.ts';
import { parseAt } from '../protocol/json-member.ts';
import { requestText } from '../protocol/rpc-text.ts';
import { VERSION } from '../util/version.ts';
import { ownFrame } from './own-frame.ts';
import type { Upstream } from './upstream.ts';

let lastId = 0;
/** What every request to a modern server says of its client; the gateway itself can be asked nothing. */
const OWN_ENVELOPE = envelope({ name: 'mcp-gateway', version: VERSION }, {});

/** Rejects with the GatewayError the call failed with; an error answer of the server is an answer. */
export function ask(upstream: Upstream, method: string, params: object): Promise<Frame> {
  lastId += 1;
  const own = upstream.era === 'modern' ? { _meta: OWN_ENVELOPE, ...params } : params;
  // A text, so that it is nobody else's number on the same lease.
  const request = ownFrame(requestText(`"ask-${lastId}"`, method, JSON.stringify(own)));
  return new Promise((resolve, reject) => {
    upstream.call(request, {
      notify: () => 'sent',
      ask: () => 'gone',
      settle: (message) => {
        resolve(message.frame);
        return 'sent';
      },
      fail: reject,
    });
  });
}

/** The result or error of an answer as data. Not for results of tools, which stay text. */
export function bodyOf(frame: Frame): unknown {
  return frame.body === undefined ? undefined : parseAt(frame.bytes, frame.body);
}
