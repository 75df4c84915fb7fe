/** Lists of a server, all pages of them, each item in the server's own text. */
import { GatewayError } from '../../errors.ts';
import type { Upstream } from '../../instance/upstream.ts';
import type { Span } from '../../protocol/frame.ts';
import { elements, findMember } from '../../protocol/json-member.ts';
import type { CapabilityClass } from '../../relay/capability-class.ts';
import { carry, resultOf } from './carry.ts';
import { toRequest } from './rest-request.ts';
import { serverErrorOf } from './tool-call.ts';

/** A server that has more is cut off here; lists are held in memory. */
const MAX_ITEMS = 10_000;
const MAX_PAGES = 1000;
const METHOD_NOT_FOUND = -32601;

/** Nothing where the server does not know the method. Rejects with a GatewayError. */
export async function listAll(
  upstream: Upstream,
  method: string,
  member: string,
  capabilities?: CapabilityClass,
): Promise<readonly Buffer[]> {
  const items: Buffer[] = [];
  const seen = new Set<string>();
  let cursor: string | undefined;
  do {
    const page = await pageOf(upstream, method, cursor, capabilities);
    if (page === undefined) break;
    const list = findMember(page, whole(page), member);
    if (list === undefined || page[list.start] !== 0x5b)
      throw new GatewayError('BAD_ANSWER', 'Its list is not a list.');
    items.push(...elements(page, list).map(({ start, end }) => page.subarray(start, end)));
    const next = findMember(page, whole(page), 'nextCursor');
    cursor =
      next !== undefined && page[next.start] === 0x22
        ? page.toString('utf8', next.start, next.end)
        : undefined;
    // A cursor that comes back ends the list instead of looping.
    if (cursor !== undefined && seen.has(cursor)) break;
    if (cursor !== undefined) seen.add(cursor);
  } while (cursor !== undefined && items.length < MAX_ITEMS && seen.size < MAX_PAGES);
  return items.slice(0, MAX_ITEMS);
}

export function whole(bytes: Buffer): Span {
  return { start: 0, end: bytes.length };
}

/** `cursor` is JSON text. */
async function pageOf(
  upstream: Upstream,
  method: string,
  cursor: string | undefined,
  capabilities: CapabilityClass | undefined,
): Promise<Buffer | undefined> {
  const params = cursor === undefined ? [] : [['cursor', cursor] as const];
  const terms = { era: upstream.era, capabilities, listens: false };
  const answer = await carry(upstream, toRequest(method, params, terms)).answer;
  if (answer.frame.kind !== 'error') return resultOf(answer);
  const error = serverErrorOf(answer.frame);
  if (error.code === METHOD_NOT_FOUND) return undefined;
  throw new GatewayError('SERVER_ERROR', 'It refused to list what it offers.');
}
