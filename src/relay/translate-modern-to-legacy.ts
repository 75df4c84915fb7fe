/** The text edits between a modern client and a legacy server: the envelope off on the way in, what a result needs on the way out. Pure. */
import {
  CLIENT_CAPABILITIES_KEY,
  CLIENT_INFO_KEY,
  LOG_LEVEL_KEY,
  MAY_ASK,
  MODERN_VERSION,
  PROTOCOL_VERSION_KEY,
  SERVER_INFO_KEY,
  SUBSCRIPTION_KEY,
} from '../protocol/era.ts';
import type { Frame, Span } from '../protocol/frame.ts';
import { findMember, parseAt } from '../protocol/json-member.ts';
import { removeMembers } from '../protocol/member-edits.ts';
import { type Edit, editAt } from '../protocol/splice.ts';
import { editedText, hasOnly, setMembers } from './set-members.ts';

const ENVELOPE: readonly string[] = [
  PROTOCOL_VERSION_KEY,
  CLIENT_CAPABILITIES_KEY,
  CLIENT_INFO_KEY,
  LOG_LEVEL_KEY,
];
const RELATED_TASK_KEY = 'io.modelcontextprotocol/related-task';

/** Results that a client may keep (2026-07-28 caching). */
const CACHEABLE: ReadonlySet<string> = new Set([
  'server/discover',
  'resources/read',
  'tools/list',
  'prompts/list',
  'resources/list',
  'resources/templates/list',
]);
/** A legacy server says nothing of how long its answers hold, nor for whom. */
const NOT_KEPT = { ttlMs: '0', cacheScope: '"private"' };

/** Off goes the envelope and what belongs to the rounds of the bridge; `_meta` goes with them when nothing else is in it. */
export function toLegacyRequest({ bytes, body, meta, method }: Frame): Edit[] {
  if (body === undefined) return [];
  const isBare = meta !== undefined && hasOnly(bytes, meta, ENVELOPE);
  const names = [
    ...(isBare ? ['_meta'] : []),
    ...(MAY_ASK.has(method ?? '') ? ['inputResponses', 'requestState'] : []),
    // A task that the client did not ask for in its own revision's way must not be made.
    ...(method === 'tools/call' ? ['task'] : []),
  ];
  const edits = names.length === 0 ? [] : removeMembers(bytes, body, names);
  return meta === undefined || isBare ? edits : [...edits, ...removeMembers(bytes, meta, ENVELOPE)];
}

/** Has the server run a tool as a task (2025-11-25 tasks); goes together with the edits of `toLegacyRequest`. */
export function asTask({ body }: Frame): Edit[] {
  // The name of the tool follows, so a comma is right.
  return body === undefined ? [] : [{ start: body.start + 1, end: body.start + 1, text: '"task":{},' }];
}

export interface AnswerTo {
  readonly method: string;
  /** JSON text. */
  readonly serverInfo: string;
}

/** An answer of the server as its modern client must get it; the id is the caller's to restore. */
export function toModernAnswer(answer: Frame, to: AnswerTo): Edit[] {
  return answer.kind === 'error' ? toModernError(answer) : toModernResult(answer, to);
}

function toModernResult({ bytes, body, meta }: Frame, { method, serverInfo }: AnswerTo): Edit[] {
  if (body === undefined || bytes[body.start] !== 0x7b) return [];
  const added = { resultType: '"complete"', ...(CACHEABLE.has(method) ? NOT_KEPT : {}) };
  if (meta === undefined)
    return setMembers(bytes, body, { ...added, _meta: `{"${SERVER_INFO_KEY}":${serverInfo}}` });
  return [
    ...setMembers(bytes, body, added),
    ...setMembers(bytes, meta, { [SERVER_INFO_KEY]: serverInfo, [RELATED_TASK_KEY]: undefined }),
  ];
}

/** The code of an error; NaN where there is none. */
export function codeOf({ bytes, body }: Frame): number {
  const span = body && findMember(bytes, body, 'code');
  const code = span && parseAt(bytes, span);
  return typeof code === 'number' ? code : Number.NaN;
}

/** -32020 to -32099 have meanings of their own now; -32002 is one of them that has a successor (2026-07-28 basic, resources). */
function toModernError(answer: Frame): Edit[] {
  const { bytes, body } = answer;
  const span = body && findMember(bytes, body, 'code');
  const code = codeOf(answer);
  if (body === undefined || span === undefined) return [];
  if (code === -32002) return [editAt(span, '-32602')];
  if (!(code <= -32020 && code >= -32099)) return [];
  return setMembers(bytes, body, { code: '-32603', data: `{"original":${editedText(bytes, body)}}` });
}

/** The answer to server/discover, made from the answer to initialize. */
export function discoverResult({ bytes, body }: Frame, serverInfo: string): string {
  const capabilities = body && findMember(bytes, body, 'capabilities');
  const instructions = body && findMember(bytes, body, 'instructions');
  const offered =
    capabilities && editedText(bytes, capabilities, removeMembers(bytes, capabilities, ['tasks']));
  const texts = [
    '"resultType":"complete"',
    `"supportedVersions":["${MODERN_VERSION}"]`,
    `"capabilities":${offered ?? '{}'}`,
    ...(instructions === undefined ? [] : [`"instructions":${editedText(bytes, instructions)}`]),
    `"ttlMs":${NOT_KEPT.ttlMs},"cacheScope":${NOT_KEPT.cacheScope}`,
    `"_meta":{"${SERVER_INFO_KEY}":${serverInfo}}`,
  ];
  return `{${texts.join(',')}}`;
}

/** What the server calls itself, as JSON text. */
export function serverInfoOf(initialized: Frame | undefined, fallbackName: string): string {
  const span = initialized?.body && findMember(initialized.bytes, initialized.body, 'serverInfo');
  if (initialized === undefined || span === undefined)
    return JSON.stringify({ name: fallbackName, version: '0' });
  return editedText(initialized.bytes, span);
}

/** Names the subscription that a notification is sent on; `id` is the JSON text of the listen request's id. */
export function onSubscription({ bytes, body, meta }: Frame, id: string): Edit[] {
  const named = { [SUBSCRIPTION_KEY]: id };
  if (meta !== undefined) return setMembers(bytes, meta, named);
  const text = `{"${SUBSCRIPTION_KEY}":${id}}`;
  if (body !== undefined) return setMembers(bytes, body, { _meta: text });
  const end = bytes.lastIndexOf('}');
  return [{ start: end, end, text: `,"params":{"_meta":${text}}` }];
}

/** A question of the server as one entry of `inputRequests`. */
export function toInputRequest({ bytes, body, meta, method }: Frame): string {
  if (body === undefined) return JSON.stringify({ method });
  return `{"method":${JSON.stringify(method)},"params":${editedText(bytes, body, withoutWire(bytes, body, meta))}}`;
}

/** One of the elicitations that an error -32042 asks for, likewise. */
export function toUrlRequest(bytes: Buffer, elicitation: Span): string {
  return `{"method":"elicitation/create","params":${editedText(bytes, elicitation, withoutWire(bytes, elicitation, undefined))}}`;
}

/** Members by which a legacy server ties a question to a wire that the client of this revision does not see. */
function withoutWire(bytes: Buffer, params: Span, meta: Span | undefined): Edit[] {
  const inner = ['progressToken', RELATED_TASK_KEY];
  const isBare = meta !== undefined && hasOnly(bytes, meta, inner);
  const edits = removeMembers(bytes, params, ['elicitationId', 'task', ...(isBare ? ['_meta'] : [])]);
  return meta === undefined || isBare ? edits : [...edits, ...removeMembers(bytes, meta, inner)];
}

/** The task that a question of the server, or nothing, belongs to. */
export function relatedTask({ bytes, meta }: Frame): string | undefined {
  const span = meta && findMember(bytes, meta, RELATED_TASK_KEY);
  const id = span && findMember(bytes, span, 'taskId');
  return id && bytes.toString('utf8', id.start, id.end);
}
