/**
 * What a client declared, normalised: a legacy process is told at initialize and cannot forget, so only clients of
 * one class may share one.
 */

import { CLIENT_CAPABILITIES_KEY, CLIENT_INFO_KEY } from '../protocol/era.ts';
import type { Frame, Span } from '../protocol/frame.ts';
import { metaMember } from '../protocol/frame-members.ts';
import { parseAt } from '../protocol/json-member.ts';

export interface CapabilityClass {
  /** Whether a client of this class can be asked something, and so cannot be mistaken for another. */
  readonly askable: boolean;
  /** Equal for equal declarations. */
  readonly key: string;
  /** What a handshake declares in the client's name: exactly this, never more. */
  readonly declared: Readonly<Record<string, unknown>>;
}

/** Declares nothing: the class of callers who cannot be asked. */
export const NO_CAPABILITIES: CapabilityClass = { key: '{}', declared: {}, askable: false };
/** Classes remembered by their text; clients send the same one with every request. */
const MAX_REMEMBERED = 256;
const remembered = new Map<string, CapabilityClass>();

/** Of a modern request, by its envelope. */
export function classOfRequest(frame: Frame): CapabilityClass {
  const span = metaMember(frame, CLIENT_CAPABILITIES_KEY);
  return span === undefined ? NO_CAPABILITIES : classAt(frame.bytes, span);
}

/** Who a modern request says its client is; a client need not say. */
export function clientInfoOf(frame: Frame): object {
  const span = metaMember(frame, CLIENT_INFO_KEY);
  const info = span === undefined ? undefined : parseAt(frame.bytes, span);
  return typeof info === 'object' && info !== null ? info : UNNAMED;
}

const UNNAMED = { name: 'unnamed', version: '0' };

function classAt(bytes: Buffer, span: Span): CapabilityClass {
  const text = bytes.toString('utf8', span.start, span.end);
  const known = remembered.get(text);
  if (known !== undefined) return known;
  const made = classOf(parseAt(bytes, span));
  const [oldest] = remembered.keys();
  if (remembered.size >= MAX_REMEMBERED && oldest !== undefined) remembered.delete(oldest);
  remembered.set(text, made);
  return made;
}

/** Roots cannot change for a process that several requests share; tasks are not offered across a bridge. */
export function classOf(capabilities: unknown): CapabilityClass {
  if (typeof capabilities !== 'object' || capabilities === null || Array.isArray(capabilities))
    return NO_CAPABILITIES;
  const { roots, tasks: _tasks, extensions, ...rest } = capabilities as Record<string, unknown>;
  const declared = {
    ...rest,
    ...(roots === undefined ? {} : { roots: { listChanged: false } }),
    ...(extensions === undefined ? {} : { extensions: withoutTasks(extensions) }),
  };
  return {
    key: JSON.stringify(sorted(declared)),
    declared,
    askable: INTERACTIVE.some((name) => name in declared),
  };
}

/** Capabilities by which a server may ask its client something. */
const INTERACTIVE = ['roots', 'sampling', 'elicitation'];

function withoutTasks(extensions: unknown): unknown {
  if (typeof extensions !== 'object' || extensions === null) return extensions;
  return Object.fromEntries(
    Object.entries(extensions).filter(([name]) => name !== 'io.modelcontextprotocol/tasks'),
  );
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, each]) => [key, sorted(each)]),
  );
}
