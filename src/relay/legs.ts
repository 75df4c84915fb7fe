/** A question of a modern server on its way to a legacy client. Pure. */
import { randomUUID } from 'node:crypto';
import { scanFrame } from '../protocol/frame.ts';
import { addMembers, removeMembers } from '../protocol/member-edits.ts';
import { splice } from '../protocol/splice.ts';
import { asObject, type LegacyClient } from './translate-legacy-to-modern.ts';

export interface Leg {
  /** The server's name for the question. */
  readonly key: string;
  readonly method: string;
  /** The server's own text. */
  readonly params: Buffer;
  /** What the server is told when the client answers with an error; undefined where the call cannot go on then. */
  readonly cancelled: Buffer | undefined;
}

/** What the client did not declare and would be needed; undefined when it can be asked. */
export function lacks({ version, capabilities }: LegacyClient, { method, params }: Leg): string | undefined {
  if (method === 'roots/list') return capabilities['roots'] === undefined ? 'roots' : undefined;
  if (method === 'sampling/createMessage') return lacksSampling(capabilities, params);
  if (method !== 'elicitation/create') return method;
  const elicitation = capabilities['elicitation'];
  if (elicitation === undefined) return 'elicitation';
  if (modeOf(params) === 'url')
    return version >= '2025-11-25' && asObject(elicitation)['url'] !== undefined
      ? undefined
      : 'elicitation.url';
  // An empty declaration means forms.
  const { url, form } = asObject(elicitation);
  return url !== undefined && form === undefined ? 'elicitation.form' : undefined;
}

function lacksSampling(capabilities: LegacyClient['capabilities'], params: Buffer): string | undefined {
  const sampling = capabilities['sampling'];
  if (sampling === undefined) return 'sampling';
  const usesTools = asObject(JSON.parse(params.toString()))['tools'] !== undefined;
  return usesTools && asObject(sampling)['tools'] === undefined ? 'sampling.tools' : undefined;
}

function modeOf(params: Buffer): unknown {
  return asObject(JSON.parse(params.toString()))['mode'];
}

/** The request as the client's revision writes it. */
export function questionText(id: number, leg: Leg, { version }: LegacyClient): string {
  const text = `{"jsonrpc":"2.0","id":${id},"method":${JSON.stringify(leg.method)},"params":${leg.params.toString()}}`;
  if (leg.method !== 'elicitation/create') return text;
  const scan = scanFrame(Buffer.from(text), 'server');
  if (!scan.ok || scan.frame.body === undefined) return text;
  const { bytes, body } = scan.frame;
  if (modeOf(leg.params) === 'url') {
    return Buffer.concat(
      splice(scan.frame, [addMembers(bytes, body, `"elicitationId":"${randomUUID()}"`)]),
    ).toString();
  }
  const edits = version < '2025-11-25' ? removeMembers(bytes, body, ['mode']) : [];
  return Buffer.concat(splice(scan.frame, edits)).toString();
}
