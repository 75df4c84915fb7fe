/** A client's body as proven frames, or the sentence that says why not. */
import { type ErrorCode, GatewayError } from '../../errors.ts';
import { type Frame, isBatch, type Scan, scanFrame, splitBatch } from '../../protocol/frame.ts';

export interface ClientBody {
  readonly frames: readonly Frame[];
  readonly batch: boolean;
}

/** @throws GatewayError with a code of the message shape group */
export function parseClientBody(body: unknown): ClientBody {
  if (!Buffer.isBuffer(body) || body.length === 0) throw new GatewayError('PARSE', 'The body is empty.');
  if (!isBatch(body)) return { frames: [proven(scanFrame(body, 'client'))], batch: false };
  const batch = splitBatch(body, 'client');
  if (!batch.ok) throw refusal(batch.why, batch.at);
  if (batch.items.length === 0) throw new GatewayError('INVALID_REQUEST', 'A batch must not be empty.');
  return {
    frames: batch.items.map(({ start, end }) => proven(scanFrame(body.subarray(start, end), 'client'))),
    batch: true,
  };
}

function proven(scan: Scan): Frame {
  if (!scan.ok) throw refusal(scan.why, scan.at);
  return scan.frame;
}

type Refusal = Extract<Scan, { ok: false }>['why'];

const CODES: Readonly<Record<Refusal, ErrorCode>> = {
  json: 'PARSE',
  utf8: 'PARSE',
  shape: 'INVALID_REQUEST',
  duplicate: 'DUPLICATE_MEMBER',
  depth: 'TOO_DEEP',
  id: 'INVALID_ID',
};

function refusal(why: Refusal, at: number): GatewayError {
  return new GatewayError(
    CODES[why],
    why === 'json' || why === 'utf8' ? `The first fault is at byte ${at}.` : undefined,
  );
}
