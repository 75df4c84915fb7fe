/** The text edits between a legacy client and a modern server. Pure; what is not named here stays as it came. */
import {
  CLIENT_CAPABILITIES_KEY,
  CLIENT_INFO_KEY,
  LATEST_LEGACY_VERSION,
  LEGACY_VERSIONS,
  LOG_LEVEL_KEY,
  MODERN_VERSION,
  PROTOCOL_VERSION_KEY,
  SERVER_INFO_KEY,
  SUBSCRIPTION_KEY,
} from '../protocol/era.ts';
import { type Frame, type Span, scanFrame } from '../protocol/frame.ts';
import { elements, findMember, members, parseAt } from '../protocol/json-member.ts';
import { addToMeta, removeMembers } from '../protocol/member-edits.ts';
import { type Message, unedited } from '../protocol/message.ts';
import { type Edit, editAt, splice } from '../protocol/splice.ts';
import { hasOnly } from './set-members.ts';

export interface LegacyClient {
  readonly version: string;
  readonly info: unknown;
  readonly capabilities: Readonly<Record<string, unknown>>;
}

const NOBODY: LegacyClient = {
  version: LATEST_LEGACY_VERSION,
  info: { name: 'mcp-gateway', version: '0' },
  capabilities: {},
};

/** Who an initialize request says it is; a version nobody knows is answered with the newest. */
export function clientOf(initialize: Frame | undefined): LegacyClient {
  if (initialize?.body === undefined) return NOBODY;
  const params = asObject(parseAt(initialize.bytes, initialize.body));
  const requested = params['protocolVersion'];
  const known = typeof requested === 'string' && LEGACY_VERSIONS.includes(requested);
  return {
    version: known ? requested : LATEST_LEGACY_VERSION,
    info: params['clientInfo'] ?? NOBODY.info,
    capabilities: asObject(params['capabilities']),
  };
}

/** The members that every request of this client carries in `_meta`. */
export function envelopeText(
  { version, info, capabilities }: LegacyClient,
  logLevel: string | undefined,
): string {
  const { roots, elicitation, tasks: _tasks, ...rest } = capabilities;
  const declared = {
    ...rest,
    ...(roots === undefined ? {} : { roots: {} }),
    // Revisions before 2025-11-25 know forms only, and say so with an empty object.
    ...(elicitation === undefined ? {} : { elicitation: version < LATEST_LEGACY_VERSION ? {} : elicitation }),
  };
  const level = logLevel === undefined ? '' : `,"${LOG_LEVEL_KEY}":${JSON.stringify(logLevel)}`;
  return `"${PROTOCOL_VERSION_KEY}":"${MODERN_VERSION}","${CLIENT_INFO_KEY}":${JSON.stringify(info)},"${CLIENT_CAPABILITIES_KEY}":${JSON.stringify(declared)}${level}`;
}

export function withEnvelope({ frame, edits }: Message, envelope: string): Message {
  const { bytes, body } = frame;
  const keys = body === undefined ? [] : members(bytes, body).map(({ key }) => key);
  const foreign = keys.filter(isForeign);
  const own =
    body === undefined || foreign.length === 0
      ? [addToMeta(bytes, body, envelope)]
      : foreign.length === keys.length
        ? [{ start: body.start + 1, end: body.end - 1, text: `"_meta":{${envelope}}` }]
        : [...removeMembers(bytes, body, foreign), addToMeta(bytes, body, envelope)];
  const whole = [...edits, ...own];
  // Scanned afresh, since whoever routes the answer looks into the envelope: logs go to those who asked for them.
  const scan = scanFrame(Buffer.concat(splice(frame, whole)), 'server');
  return scan.ok ? unedited(scan.frame) : { frame, edits: whole };
}

/**
 * Tasks are not offered to this client, so a task it asks for is ignored (2025-11-25 tasks, receivers without the
 * capability). Rounds of questions are the gateway's: a state that comes from the client is bound to no principal.
 */
function isForeign(key: string): boolean {
  return key === 'task' || ['inputresponses', 'requeststate'].includes(key.toLowerCase());
}

/** InitializeResult from a DiscoverResult. */
export function initializeResult(discover: Frame, client: LegacyClient, server: string): string {
  const result = discover.body === undefined ? {} : asObject(parseAt(discover.bytes, discover.body));
  const { extensions, tasks: _tasks, ...capabilities } = asObject(result['capabilities']);
  const kept = Object.entries(asObject(extensions)).filter(
    ([name]) => name !== 'io.modelcontextprotocol/tasks',
  );
  return JSON.stringify({
    protocolVersion: client.version,
    capabilities: { ...capabilities, ...(kept.length === 0 ? {} : { extensions: Object.fromEntries(kept) }) },
    serverInfo: asObject(result['_meta'])[SERVER_INFO_KEY] ?? { name: server, version: '0' },
    ...(typeof result['instructions'] === 'string' ? { instructions: result['instructions'] } : {}),
  });
}

/** Takes out of a complete result what older revisions do not know. */
export function legacyResult({ frame, edits }: Message, method: string, client: LegacyClient): Message {
  const { bytes, body } = frame;
  if (frame.kind !== 'response' || body === undefined) return { frame, edits };
  const unknown = ['resultType', 'ttlMs', 'cacheScope'];
  if (method === 'tools/call' && !isObjectMember(bytes, body, 'structuredContent'))
    unknown.push('structuredContent');
  const meta = findMember(bytes, body, '_meta');
  const named = meta !== undefined && findMember(bytes, meta, SERVER_INFO_KEY) !== undefined;
  const nothingElse = named && hasOnly(bytes, meta, [SERVER_INFO_KEY]);
  const own = removeMembers(bytes, body, nothingElse ? [...unknown, '_meta'] : unknown);
  if (named && !nothingElse) own.push(...removeMembers(bytes, meta, [SERVER_INFO_KEY]));
  if (method === 'tools/list') own.push(...legacySchemas(bytes, body));
  if (method === 'tools/call') own.push(...legacyContent(bytes, body, client.version));
  return { frame, edits: [...edits, ...own] };
}

/** A notification of a subscription as older revisions send it. */
export function withoutSubscription({ frame, edits }: Message): Message {
  const { bytes, body, meta } = frame;
  if (body === undefined || meta === undefined) return { frame, edits };
  const own = edits.filter((edit) => edit.end <= meta.start || edit.start >= meta.end);
  return { frame, edits: [...own, ...removeMembers(bytes, meta, [SUBSCRIPTION_KEY])] };
}

function isObjectMember(bytes: Buffer, object: Span, name: string): boolean {
  const span = findMember(bytes, object, name);
  return span === undefined || bytes[span.start] === 0x7b;
}

/** An output schema whose root is no object has no structured content that older revisions could carry. */
function legacySchemas(bytes: Buffer, result: Span): Edit[] {
  const tools = findMember(bytes, result, 'tools');
  if (tools === undefined) return [];
  return elements(bytes, tools).flatMap((tool) => {
    const schema = findMember(bytes, tool, 'outputSchema');
    if (schema === undefined || asObject(parseAt(bytes, schema))['type'] === 'object') return [];
    return removeMembers(bytes, tool, ['outputSchema']);
  });
}

/** The first revision with each kind of content block. */
const CONTENT_SINCE: Readonly<Record<string, string>> = { audio: '2025-03-26', resource_link: '2025-06-18' };

function legacyContent(bytes: Buffer, result: Span, version: string): Edit[] {
  const content = version >= '2025-06-18' ? undefined : findMember(bytes, result, 'content');
  if (content === undefined) return [];
  return elements(bytes, content).flatMap((block) => {
    const type = findMember(bytes, block, 'type');
    const name = type === undefined ? undefined : parseAt(bytes, type);
    const since = typeof name === 'string' ? CONTENT_SINCE[name] : undefined;
    if (since === undefined || version >= since) return [];
    const uri = findMember(bytes, block, 'uri');
    const text =
      uri === undefined ? `[${String(name)}]` : `[${String(name)}: ${String(parseAt(bytes, uri))}]`;
    return [editAt(block, JSON.stringify({ type: 'text', text }))];
  });
}

export function asObject(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : {};
}
