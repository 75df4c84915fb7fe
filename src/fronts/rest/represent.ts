/** A result as bytes of the media type that its caller wants. Pure. */
import { GatewayError } from '../../errors.ts';
import { essenceOf, rankOf } from '../../http/media-type.ts';
import type { Span } from '../../protocol/frame.ts';
import { elements, findMember } from '../../protocol/json-member.ts';
import { stringAt } from '../../protocol/json-string.ts';
import { whole } from './list-all.ts';

export interface Representation {
  readonly type: string;
  readonly bytes: Buffer;
  /** Whether the server chose the type, so that a browser must not run what it gets. */
  readonly foreign: boolean;
}

export type Represented =
  | { readonly kind: 'as'; readonly as: Representation }
  /** The tool failed, which this type could not say. `text` is what it said. */
  | { readonly kind: 'failed'; readonly text: string }
  | { readonly kind: 'nothing' };

export type Represent = (result: Buffer, accept: string | undefined) => Represented;

const JSON_TYPE = 'application/json';
const TEXT_TYPE = 'text/plain';
const BACKSLASH = 0x5c;
const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;

/** For what is JSON and nothing else, whatever its caller accepts. */
export const asJson: Represent = (result) => ({ kind: 'as', as: jsonOf(result) });

/** Whether a caller wants to hear of a call while it runs. */
export function wantsStream(accept: string | undefined): boolean {
  const rank = rankOf(accept, 'text/event-stream');
  return rank > rankOf(accept, JSON_TYPE) && rank > rankOf(accept, TEXT_TYPE);
}

/** A result of a tool: JSON, its text, or one of its images or sounds. */
export const asToolResult: Represent = (result, accept) => {
  const jsonRank = rankOf(accept, JSON_TYPE);
  const textRank = rankOf(accept, TEXT_TYPE);
  const content = findMember(result, whole(result), 'content');
  const blocks = content === undefined ? [] : elements(result, content);
  const media = mediaIn(result, blocks, accept);
  if (jsonRank > 0 && jsonRank >= textRank && jsonRank >= media.rank)
    return { kind: 'as', as: jsonOf(result) };
  const texts = blocks.flatMap((block) =>
    stringIn(result, block, 'type') === 'text' ? [stringIn(result, block, 'text') ?? ''] : [],
  );
  const failed = findMember(result, whole(result), 'isError');
  // The letter of true.
  if (failed !== undefined && result[failed.start] === 0x74)
    return { kind: 'failed', text: texts.join('\n') };
  const hasText = textRank > 0 && (texts.length > 0 || blocks.length === 0);
  if (media.block !== undefined && (!hasText || media.rank > textRank))
    return { kind: 'as', as: bytesOf(result, media.block, 'data', media.type) };
  if (hasText)
    return {
      kind: 'as',
      as: { type: `${TEXT_TYPE}; charset=utf-8`, bytes: Buffer.from(texts.join('\n')), foreign: false },
    };
  return jsonRank > 0 ? { kind: 'as', as: jsonOf(result) } : { kind: 'nothing' };
};

/**
 * A resource: its own bytes under its own type, or the server's JSON. Where the caller has no preference, a text comes
 * as JSON, and what JSON could only carry as base64 as what it is.
 */
export function asResource(uri: string): Represent {
  return (result, accept) => {
    const contents = findMember(result, whole(result), 'contents');
    const all = contents === undefined ? [] : elements(result, contents);
    const own = all.length === 1 ? all[0] : all.find((each) => stringIn(result, each, 'uri') === uri);
    const jsonRank = rankOf(accept, JSON_TYPE);
    if (own === undefined) return asJson(result, accept);
    const isBlob = findMember(result, own, 'blob') !== undefined;
    const named = essenceOf(stringIn(result, own, 'mimeType') ?? '');
    const type = named ?? (isBlob ? 'application/octet-stream' : TEXT_TYPE);
    const rank = rankOf(accept, type);
    if (rank === 0 && jsonRank === 0) return { kind: 'nothing' };
    if (isBlob ? jsonRank > rank : jsonRank >= rank) return { kind: 'as', as: jsonOf(result) };
    if (isBlob) return { kind: 'as', as: bytesOf(result, own, 'blob', type) };
    const text = Buffer.from(stringIn(result, own, 'text') ?? '');
    return { kind: 'as', as: { type: `${type}; charset=utf-8`, bytes: text, foreign: true } };
  };
}

function jsonOf(bytes: Buffer): Representation {
  return { type: `${JSON_TYPE}; charset=utf-8`, bytes, foreign: false };
}

interface Media {
  readonly block: Span | undefined;
  readonly type: string;
  readonly rank: number;
}

/** The image or sound that the caller wants most, the first of equals. */
function mediaIn(result: Buffer, blocks: readonly Span[], accept: string | undefined): Media {
  let best: Media = { block: undefined, type: '', rank: 0 };
  for (const block of blocks) {
    const kind = stringIn(result, block, 'type');
    if (kind !== 'image' && kind !== 'audio') continue;
    const type = essenceOf(stringIn(result, block, 'mimeType') ?? '');
    if (type === undefined || !/^(?:image|audio|video)\//.test(type)) continue;
    const rank = rankOf(accept, type);
    if (rank > best.rank) best = { block, type, rank };
  }
  return best;
}

/** @throws GatewayError BAD_ANSWER when it is not base64 */
function bytesOf(result: Buffer, object: Span, member: string, type: string): Representation {
  const span = findMember(result, object, member);
  const text = span === undefined || result[span.start] !== 0x22 ? undefined : base64At(result, span);
  if (text === undefined || text.length % 4 === 1 || !BASE64.test(text))
    throw new GatewayError('BAD_ANSWER', `Its ${member} is not base64.`);
  return { type, bytes: Buffer.from(text, 'base64'), foreign: true };
}

/** Megabytes of it, as a rule without an escape. */
function base64At(bytes: Buffer, span: Span): string | undefined {
  const escape = bytes.subarray(span.start, span.end).includes(BACKSLASH);
  return escape ? stringAt(bytes, span) : bytes.toString('latin1', span.start + 1, span.end - 1);
}

function stringIn(bytes: Buffer, object: Span, name: string): string | undefined {
  const span = findMember(bytes, object, name);
  return span && stringAt(bytes, span);
}
