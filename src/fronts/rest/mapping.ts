/**
 * How answers of servers become answers over HTTP: the tables that the REST front goes by, and from which
 * docs/rest-mapping.md is made.
 */
import { ERRORS, type ErrorCode } from '../../errors.ts';

/** What was asked for when a server answered with an error. */
export type Target = 'tool' | 'prompt' | 'resource' | 'completion' | 'list';

interface ServerErrorRow {
  /** JSON-RPC codes of the server; undefined for all that are in no row above. */
  readonly rpc: readonly number[] | undefined;
  /** Undefined for every target. */
  readonly target?: Target;
  /** Whether the server lists what was asked for by name; undefined where it does not matter. */
  readonly listed?: boolean;
  readonly code: ErrorCode;
}

/** The first row that fits. Servers answer -32602 to an unknown name and to bad arguments alike; their own list tells which. */
export const SERVER_ERRORS: readonly ServerErrorRow[] = [
  { rpc: [-32601], target: 'tool', code: 'TOOL_UNKNOWN' },
  { rpc: [-32602], target: 'tool', listed: false, code: 'TOOL_UNKNOWN' },
  { rpc: [-32601], target: 'prompt', code: 'PROMPT_UNKNOWN' },
  { rpc: [-32602], target: 'prompt', listed: false, code: 'PROMPT_UNKNOWN' },
  { rpc: [-32002, -32601, -32602], target: 'resource', code: 'RESOURCE_UNKNOWN' },
  { rpc: [-32601], code: 'METHOD_NOT_FOUND' },
  { rpc: [-32602], code: 'INVALID_ARGUMENTS' },
  { rpc: [-32021, -32042], code: 'QUESTION_UNSUPPORTED' },
  { rpc: undefined, code: 'SERVER_ERROR' },
];

/** `listed` may be left out where `needsList` says so. */
export function codeForServerError(rpc: number, target: Target, listed?: boolean): ErrorCode {
  return rowFor(rpc, target, listed)?.code ?? 'SERVER_ERROR';
}

/** Whether it must be known what the server lists. */
export function needsList(rpc: number, target: Target): boolean {
  return rowFor(rpc, target, true) !== rowFor(rpc, target, false);
}

function rowFor(rpc: number, target: Target, listed: boolean | undefined): ServerErrorRow | undefined {
  return SERVER_ERRORS.find(
    (row) =>
      (row.rpc?.includes(rpc) ?? true) &&
      (row.target ?? target) === target &&
      (row.listed === undefined || row.listed === listed),
  );
}

interface AnswerRow {
  /** What came of the call. */
  readonly when: string;
  /** The Accept header, or what was asked for. */
  readonly wanted: string;
  readonly status: number;
  readonly body: string;
}

/** What becomes of a result, by what its caller takes. */
export const ANSWERS = {
  json: {
    when: 'a result, also one with `isError: true`',
    wanted: '`application/json`, `*/*` or no `Accept`',
    status: 200,
    body: 'the result, as the server wrote it',
  },
  text: {
    when: 'a result with text, or with nothing at all',
    wanted: '`text/plain`',
    status: 200,
    body: 'its texts, one below the other',
  },
  bytes: {
    when: 'a result with an image or a sound of that type',
    wanted: '`image/…`, `audio/…`',
    status: 200,
    body: 'the bytes of the first of them',
  },
  failed: {
    when: 'a result with `isError: true`',
    wanted: '`text/plain`, `image/…`, `audio/…`',
    status: ERRORS.TOOL_FAILED.status,
    body: 'problem `TOOL_FAILED`, with the `result`',
  },
  otherwise: {
    when: 'a result without content of that type',
    wanted: '`text/plain`, `image/…`, `audio/…`',
    status: ERRORS.NO_SUCH_CONTENT.status,
    body: 'problem `NO_SUCH_CONTENT`, with the `result`',
  },
  stream: {
    when: 'anything that comes once the server has the call',
    wanted: '`text/event-stream`',
    status: 200,
    body: 'events `progress`, `log`, `notification`; the last is `result`, `input_required` or `error`',
  },
  question: {
    when: 'the server asks something',
    wanted: '`Prefer: input-required`',
    status: 202,
    body: '`status: "input_required"`, `inputRequests`, `requestState`',
  },
  job: {
    when: 'the call runs on as a job',
    wanted: '`Prefer: respond-async`',
    status: 202,
    body: '`status: "running"`; `Location` names the job',
  },
} as const satisfies Record<string, AnswerRow>;
