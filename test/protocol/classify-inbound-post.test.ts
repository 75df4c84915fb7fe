/** The rows of the decision table for messages of any kind and for initialize, by their numbers, with what malformed mixes come to. */
import { describe, expect, it } from 'vitest';
import {
  CAPABILITIES_KEY,
  classified,
  enveloped,
  type Head,
  MODERN,
  notification,
  request,
  VERSION_KEY,
} from '../support/inbound.ts';

type Row = readonly [row: number, what: string, head: Head, body: unknown, expected: string];

const call = request('tools/call', { name: 'x' });
const answer = { jsonrpc: '2.0', id: 1, result: {} };
const failure = { jsonrpc: '2.0', id: 1, error: { code: -1, message: 'no' } };
const cancelled = notification('notifications/cancelled', { requestId: 1 });
const known = { sessionId: 's' };
const modern = { version: MODERN };
const initialize = (params: object = {}) =>
  request('initialize', { protocolVersion: '2025-11-25', ...params });

const WHOLE: readonly Row[] = [
  [9, '?sessionId=', { querySessionId: 'q' }, undefined, 'sse-message q'],
  [
    9,
    '?sessionId=, the headers say otherwise',
    { querySessionId: 'q', ...known, ...modern },
    undefined,
    'sse-message q',
  ],
  [10, 'an empty batch', known, [], '400 -32600'],
  [10, 'an empty batch, H modern', modern, [], '400 -32600'],
  [10, 'an element with a claim', known, [call, request('tools/list', enveloped())], '400 -32600'],
  [
    10,
    'an element with a claim that is no string',
    known,
    [request('tools/list', enveloped({ [VERSION_KEY]: 7 }))],
    '400 -32600',
  ],
  [
    10,
    'a notification with a claim',
    known,
    [call, notification('notifications/x', enveloped())],
    '400 -32600',
  ],
  [10, 'an element that is no object', known, [call, 5], '400 -32600'],
  [10, 'an element that is a batch', known, [[call]], '400 -32600'],
  [10, 'an element with the id null', known, [{ ...call, id: null }], '400 -32600'],
  [10, 'an element without a version', known, [call, { id: 1, method: 'ping' }], '400 -32600'],
  [10, 'H modern', { ...known, ...modern }, [call], '400 -32600'],
  [10, 'H modern and an element with a claim', modern, [request('tools/list', enveloped())], '400 -32600'],
  [10, 'a session', known, [call, cancelled, answer], 'legacy-batch s'],
  [10, 'a session, H unknown (its front refuses it)', { ...known, version: 'v9' }, [call], 'legacy-batch s'],
  [10, 'no session', {}, [call], '400 -32000'],
  [
    10,
    'an answer whose result carries the key of a claim',
    known,
    [{ ...answer, result: enveloped() }],
    'legacy-batch s',
  ],
  [10, 'not JSON', known, '[{]', '400 -32700'],
  [11, 'a response, a session', known, answer, 'legacy-message s'],
  [11, 'an error, a session', known, failure, 'legacy-message s'],
  [
    11,
    'a response whose result carries the key of a claim',
    known,
    { ...answer, result: enveloped() },
    'legacy-message s',
  ],
  [11, 'a response, H modern', { ...known, ...modern }, answer, '400 -32600'],
  [11, 'an error, H modern', modern, failure, '400 -32600'],
  [11, 'a response, no session', {}, answer, '400 -32000'],
];

const INITIALIZES: readonly Row[] = [
  [12, 'a valid modern envelope', {}, initialize(enveloped()), 'modern'],
  [
    12,
    'a valid modern envelope, H modern, a session',
    { ...known, ...modern },
    initialize(enveloped()),
    'modern',
  ],
  [12, 'a valid modern envelope, H legacy', { version: '2025-11-25' }, initialize(enveloped()), 'modern'],
  [13, 'H modern', modern, initialize(), '400 -32020'],
  [13, 'H modern, a session', { ...known, ...modern }, initialize(), '400 -32020'],
  [
    13,
    'H modern, a claim without capabilities',
    modern,
    initialize(enveloped({ [CAPABILITIES_KEY]: undefined })),
    '400 -32020',
  ],
  [
    13,
    'H modern, a claim of a legacy version',
    modern,
    initialize(enveloped({ [VERSION_KEY]: '2025-11-25' })),
    '400 -32020',
  ],
  [
    13,
    'H modern, a claim that is no string',
    modern,
    initialize(enveloped({ [VERSION_KEY]: null })),
    '400 -32020',
  ],
  [14, 'nothing else', {}, initialize(), 'legacy-open'],
  [14, 'H legacy', { version: '2025-11-25' }, initialize(), 'legacy-open'],
  [14, 'H unknown', { version: 'v9' }, initialize(), 'legacy-open'],
  [
    14,
    'a claim without capabilities',
    {},
    initialize(enveloped({ [CAPABILITIES_KEY]: undefined })),
    'legacy-open',
  ],
  [
    14,
    'a claim of a legacy version',
    {},
    initialize(enveloped({ [VERSION_KEY]: '2025-11-25' })),
    'legacy-open',
  ],
  [14, 'a claim that is no string', {}, initialize(enveloped({ [VERSION_KEY]: {} })), 'legacy-open'],
  [14, 'a session', known, initialize(), 'legacy-message s'],
  [14, 'a session, H unknown', { ...known, version: 'v9' }, initialize(), 'legacy-message s'],
];

describe.each([
  ['POST', WHOLE],
  ['POST of initialize', INITIALIZES],
])('%s', (_title, rows) => {
  it.each(rows)('row %i: %s', (_row, _what, head, body, expected) =>
    expect(classified('POST', head, body)).toBe(expected),
  );
});
