/** What a legacy server asks of its client while it runs a call, and what counts as an answer to it. */
import type { Frame, Span } from '../protocol/frame.ts';
import { findMember, members } from '../protocol/json-member.ts';
import { stringAt } from '../protocol/json-string.ts';
import type { Message } from '../protocol/message.ts';
import type { CapabilityClass } from './capability-class.ts';

export interface Question {
  /** The id on the gateway's side, as its text. */
  readonly key: string;
  readonly method: string;
  readonly frame: Frame;
}

/** The gateway's own id for a question, or the one that a cancellation of it names, stands in the first edit. */
export function keyIn({ edits }: Message): string {
  return edits[0]?.text.toString() ?? '';
}

/** Why a client of this class must not be asked; undefined when it may. What it did not declare it is never asked (2026-07-28 mrtr). */
export function refusalOf(
  { method, body, bytes }: Frame,
  { declared }: CapabilityClass,
): -32601 | -32602 | undefined {
  const has = (name: string): boolean => body !== undefined && findMember(bytes, body, name) !== undefined;
  if (method === 'roots/list') return declared['roots'] === undefined ? -32601 : undefined;
  if (method === 'sampling/createMessage') {
    const sampling = declared['sampling'];
    if (sampling === undefined) return -32601;
    return (has('tools') || has('toolChoice')) && !hasMember(sampling, 'tools') ? -32602 : undefined;
  }
  if (method !== 'elicitation/create') return -32601;
  const elicitation = declared['elicitation'];
  if (elicitation === undefined) return -32601;
  const span = body && findMember(bytes, body, 'mode');
  const mode = (span && stringAt(bytes, span)) ?? 'form';
  // Without a mode the form is meant (2025-11-25 elicitation).
  const declares =
    mode === 'form'
      ? hasMember(elicitation, 'form') || !hasMember(elicitation, 'url')
      : hasMember(elicitation, mode);
  return declares ? undefined : -32602;
}

/** What a client would have to declare for a question that it was spared, and with which code the server was told so. */
export interface Lacking {
  readonly code: number;
  readonly capabilities: Readonly<Record<string, unknown>>;
}

export function lackingFor({ method, body, bytes }: Frame, code: number): Lacking | undefined {
  const has = (name: string): boolean => body !== undefined && findMember(bytes, body, name) !== undefined;
  if (method === 'roots/list') return { code, capabilities: { roots: {} } };
  if (method === 'sampling/createMessage') {
    const wantsTools = has('tools') || has('toolChoice');
    return { code, capabilities: { sampling: wantsTools ? { tools: {} } : {} } };
  }
  if (method !== 'elicitation/create') return undefined;
  const mode = body && findMember(bytes, body, 'mode');
  const isUrl = mode !== undefined && stringAt(bytes, mode) === 'url';
  return { code, capabilities: { elicitation: isUrl ? { url: {} } : {} } };
}

export function declaresUrl({ declared }: CapabilityClass): boolean {
  return hasMember(declared['elicitation'], 'url');
}

function hasMember(value: unknown, name: string): boolean {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name);
}

export interface Answered {
  readonly question: Question;
  /** A result, as JSON text. */
  readonly result: string;
}

/**
 * The answers that a retry brings to what was asked; keys that were not are ignored. Undefined when one of them
 * cannot be an answer to its question: then none counts.
 */
export function readAnswers(
  { bytes, body }: Frame,
  asked: ReadonlyMap<string, Question>,
): readonly Answered[] | undefined {
  const span = body && findMember(bytes, body, 'inputResponses');
  if (span === undefined) return [];
  if (bytes[span.start] !== 0x7b) return undefined;
  const answers = new Map<string, Answered>();
  for (const { key, value } of members(bytes, span)) {
    const question = asked.get(key);
    if (question === undefined) continue;
    if (!isAnswer(question.method, bytes, value)) return undefined;
    answers.set(key, { question, result: bytes.toString('utf8', value.start, value.end) });
  }
  return [...answers.values()];
}

function isAnswer(method: string, bytes: Buffer, value: Span): boolean {
  const first = (name: string): number | undefined => {
    const span = findMember(bytes, value, name);
    return span && bytes[span.start];
  };
  if (method === 'roots/list') return first('roots') === 0x5b;
  if (method === 'sampling/createMessage') return first('role') === 0x22 && first('content') !== undefined;
  const action = findMember(bytes, value, 'action');
  return action !== undefined && ['accept', 'decline', 'cancel'].includes(stringAt(bytes, action) ?? '');
}
