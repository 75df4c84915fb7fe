/** Holds a client to the tools it was granted: what it may not call it does not see either. */
import { GatewayError } from '../errors.ts';
import type { Lease } from '../instance/pool/pool.ts';
import type { Call, Delivery, Exchange } from '../instance/upstream.ts';
import type { Frame, Span } from '../protocol/frame.ts';
import { elements, findMember, hasTwice, members } from '../protocol/json-member.ts';
import { stringAt } from '../protocol/json-string.ts';
import type { Message } from '../protocol/message.ts';
import { type Edit, editAt } from '../protocol/splice.ts';
import { WrappedExchange, WrappedUpstream } from './wrapped-upstream.ts';

const OPEN_BRACKET = 0x5b;

export type ToolFilter = (tool: string) => boolean;

export function narrowTools(inner: Lease, mayUse: ToolFilter): Lease {
  return new NarrowedLease(inner, mayUse);
}

class NarrowedLease extends WrappedUpstream {
  readonly #mayUse: ToolFilter;

  constructor(inner: Lease, mayUse: ToolFilter) {
    super(inner);
    this.#mayUse = mayUse;
  }

  override call(request: Message, exchange: Exchange): Call {
    const refusal = refuse(request.frame, this.#mayUse);
    if (refusal !== undefined) {
      exchange.fail(refusal);
      return { cancel: () => undefined };
    }
    const isList = request.frame.method === 'tools/list';
    return this.inner.call(request, isList ? new FilteredList(exchange, this.#mayUse) : exchange);
  }

  override tell(notification: Message): void {
    // A call without an id asks for no answer; a server that is not strict would still run the tool.
    if (notification.frame.method !== 'tools/call' && !isAmbiguous(notification.frame))
      this.inner.tell(notification);
  }

  override answer(response: Message): 'taken' | 'unknown' {
    return isAmbiguous(response.frame) ? 'unknown' : this.inner.answer(response);
  }
}

function refuse(frame: Frame, mayUse: ToolFilter): GatewayError | undefined {
  if (isAmbiguous(frame)) return new GatewayError('DUPLICATE_MEMBER');
  if (frame.method !== 'tools/call') return undefined;
  const { bytes, body } = frame;
  // Two names would let the server read the one that was not checked.
  if (body !== undefined && (hasTwice(bytes, body, 'name') || hasLookalike(bytes, body, ['name'])))
    return new GatewayError('DUPLICATE_MEMBER');
  const span = body && findMember(bytes, body, 'name');
  const name = span && stringAt(bytes, span);
  // What is no string could still become a name: JavaScript looks `["x"]` up as `x`.
  return name !== undefined && mayUse(name)
    ? undefined
    : new GatewayError('TOOL_UNKNOWN', name?.slice(0, 128));
}

/** Whether a server that compares member names without case, as Go does, could read another message than we did. */
function isAmbiguous({ bytes }: Frame): boolean {
  return hasLookalike(bytes, { start: bytes.indexOf('{'), end: bytes.length }, [
    'jsonrpc',
    'id',
    'method',
    'params',
    'result',
    'error',
  ]);
}

function hasLookalike(bytes: Buffer, object: Span, names: readonly string[]): boolean {
  return members(bytes, object).some(({ key }) => !names.includes(key) && names.includes(folded(key)));
}

/** Unicode's simple folding as far as ASCII names meet it: both ways, for the long s and the Kelvin sign. */
function folded(key: string): string {
  return key.toUpperCase().toLowerCase();
}

class FilteredList extends WrappedExchange {
  readonly #mayUse: ToolFilter;

  constructor(inner: Exchange, mayUse: ToolFilter) {
    super(inner);
    this.#mayUse = mayUse;
  }

  override settle(message: Message): Delivery {
    return this.inner.settle({
      frame: message.frame,
      edits: [...message.edits, ...hideTools(message.frame, this.#mayUse)],
    });
  }
}

/** Edits that cut the tools that may not be used out of a tools/list result; the rest keeps its bytes. */
export function hideTools({ bytes, body, kind }: Frame, mayUse: ToolFilter): Edit[] {
  const list = kind === 'response' && body !== undefined ? findMember(bytes, body, 'tools') : undefined;
  if (list === undefined) return [];
  // Whatever else it is, such as the null that Go makes of an empty list, it holds no tool that may be used.
  if (bytes[list.start] !== OPEN_BRACKET) return [editAt(list, '[]')];
  const edits: Edit[] = [];
  let kept = 0;
  let cutFrom = list.start + 1;
  for (const tool of elements(bytes, list)) {
    const span = findMember(bytes, tool, 'name');
    const name = span && stringAt(bytes, span);
    if (name !== undefined && mayUse(name)) {
      // Everything between the last kept tool and this one goes, but for one comma.
      if (cutFrom < tool.start) edits.push({ start: cutFrom, end: tool.start, text: kept > 0 ? ',' : '' });
      kept += 1;
      cutFrom = tool.end;
    }
  }
  if (cutFrom < list.end - 1) edits.push({ start: cutFrom, end: list.end - 1, text: '' });
  return edits;
}
