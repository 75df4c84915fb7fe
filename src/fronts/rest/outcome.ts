/** What came of a request to a server, in the words of REST: a result, a question, or a problem. */
import { listTools } from '../../catalog/catalog.ts';
import { GatewayError } from '../../errors.ts';
import { type Problem, toProblem } from '../../http/error-response.ts';
import type { Upstream } from '../../instance/upstream.ts';
import { SERVER_INFO_KEY } from '../../protocol/era.ts';
import type { Span } from '../../protocol/frame.ts';
import { findMember, members } from '../../protocol/json-member.ts';
import { stringAt } from '../../protocol/json-string.ts';
import { removeMembers } from '../../protocol/member-edits.ts';
import type { Message } from '../../protocol/message.ts';
import { splice } from '../../protocol/splice.ts';
import { resultOf } from './carry.ts';
import { listAll, whole } from './list-all.ts';
import { codeForServerError, needsList, type Target } from './mapping.ts';
import { serverErrorOf } from './tool-call.ts';

export type Outcome =
  /** JSON text, as the server wrote it. */
  | { readonly kind: 'result'; readonly result: Buffer }
  /** JSON text of the answer that puts the question to the caller. */
  | { readonly kind: 'question'; readonly answer: Buffer }
  /** The server's own error. */
  | { readonly kind: 'problem'; readonly problem: Problem }
  | { readonly kind: 'failed'; readonly error: GatewayError };

/** What was asked for; `name` where a server can tell an unknown one only by the code of bad arguments. */
export interface Aim {
  readonly target: Target;
  readonly name: string;
}

/** What a result of the modern era says to MCP clients only (2026-07-28 basic, caching). */
const FOR_CLIENTS = ['resultType', 'ttlMs', 'cacheScope'];

/** Rejects with the GatewayError that asking the server further failed with. */
export async function toOutcome(answer: Message, upstream: Upstream, aim: Aim): Promise<Outcome> {
  if (answer.frame.kind === 'error') return toServerProblem(answer, upstream, aim);
  const result = resultOf(answer);
  return upstream.era === 'modern' ? fromModern(result) : { kind: 'result', result };
}

async function toServerProblem(answer: Message, upstream: Upstream, aim: Aim): Promise<Outcome> {
  const error = serverErrorOf(answer.frame);
  const listed = needsList(error.code, aim.target) ? await isListed(upstream, aim) : undefined;
  const code = codeForServerError(error.code, aim.target, listed);
  const problem = toProblem(new GatewayError(code), { error });
  return { kind: 'problem', problem: { ...problem, detail: error.message } };
}

async function isListed(upstream: Upstream, { target, name }: Aim): Promise<boolean> {
  if (target === 'tool') return (await listTools(upstream)).some((tool) => tool.name === name);
  const prompts = await listAll(upstream, 'prompts/list', 'prompts');
  return prompts.some((prompt) => nameIn(prompt) === name);
}

function nameIn(item: Buffer): string | undefined {
  const span = findMember(item, whole(item), 'name');
  return span && stringAt(item, span);
}

/** A result without what is not meant for this caller, or the question that it is instead. */
function fromModern(result: Buffer): Outcome {
  const all = whole(result);
  const type = textOf(result, all, 'resultType') ?? 'complete';
  if (type === 'input_required') return { kind: 'question', answer: questionIn(result, all) };
  if (type !== 'complete') throw new GatewayError('BAD_ANSWER', 'It is of a kind that nobody asked for.');
  const meta = findMember(result, all, '_meta');
  const named = meta !== undefined && findMember(result, meta, SERVER_INFO_KEY) !== undefined;
  const nothingElse = named && members(result, meta).every(({ key }) => key === SERVER_INFO_KEY);
  const edits = removeMembers(result, all, nothingElse ? [...FOR_CLIENTS, '_meta'] : FOR_CLIENTS);
  if (named && !nothingElse) edits.push(...removeMembers(result, meta, [SERVER_INFO_KEY]));
  return { kind: 'result', result: Buffer.concat(splice({ bytes: result }, edits)) };
}

function questionIn(result: Buffer, all: Span): Buffer {
  const texts = ['inputRequests', 'requestState'].flatMap((name) => {
    const span = findMember(result, all, name);
    return span === undefined ? [] : [`"${name}":${result.toString('utf8', span.start, span.end)}`];
  });
  return Buffer.from(`{${['"status":"input_required"', ...texts].join(',')}}`);
}

function textOf(bytes: Buffer, object: Span, name: string): string | undefined {
  const span = findMember(bytes, object, name);
  return span && stringAt(bytes, span);
}
