/** The rows of the decision table for requests and notifications, by their numbers, with what malformed mixes come to. */
import { describe, expect, it } from 'vitest';
import { LEGACY_VERSIONS } from '../../src/protocol/era.ts';
import {
  CAPABILITIES_KEY,
  classified,
  classify,
  enveloped,
  type Head,
  MODERN,
  NO_HEADERS,
  notification,
  request,
  VERSION_KEY,
} from '../support/inbound.ts';

type Row = readonly [row: number, what: string, head: Head, body: unknown, expected: string];

const call = request('tools/call', { name: 'x' });
const cancelled = notification('notifications/cancelled', { requestId: 1 });
const known = { sessionId: 's' };
const modern = { version: MODERN };

const REQUESTS: readonly Row[] = [
  [15, 'a claim', {}, request('tools/list', enveloped()), 'modern'],
  [15, 'a claim, H modern, a session', { ...known, ...modern }, request('tools/list', enveloped()), 'modern'],
  [
    15,
    'a claim, H legacy, a session',
    { ...known, version: '2025-11-25' },
    request('tools/list', enveloped()),
    'modern',
  ],
  [
    15,
    'a claim of a legacy version',
    {},
    request('tools/list', enveloped({ [VERSION_KEY]: '2025-11-25' })),
    'modern',
  ],
  [
    15,
    'a claim of an unknown version',
    {},
    request('tools/list', enveloped({ [VERSION_KEY]: 'v9' })),
    'modern',
  ],
  [
    15,
    'a claim that is no string',
    known,
    request('tools/list', enveloped({ [VERSION_KEY]: 20260728 })),
    'modern',
  ],
  [15, 'a claim that is null', known, request('tools/list', enveloped({ [VERSION_KEY]: null })), 'modern'],
  [
    15,
    'a claim without capabilities',
    known,
    request('tools/list', enveloped({ [CAPABILITIES_KEY]: undefined })),
    'modern',
  ],
  [
    15,
    'a claim whose key is escaped',
    known,
    String.raw`{"jsonrpc":"2.0","id":1,"method":"x","params":{"_meta":{"io.modelcontextprotocol\/protocolVersion":"2026-07-28"}}}`,
    'modern',
  ],
  [16, 'H modern', modern, call, '400 -32602'],
  [16, 'H modern, a session', { ...known, ...modern }, call, '400 -32602'],
  [16, 'H later than modern', { version: '2027-01-01' }, call, '400 -32602'],
  [
    16,
    'H modern, capabilities only',
    modern,
    request('tools/list', enveloped({ [VERSION_KEY]: undefined })),
    '400 -32602',
  ],
  [16, 'H modern, _meta is no object', modern, request('tools/list', { _meta: VERSION_KEY }), '400 -32602'],
  [17, 'a session (18 when it is unknown)', known, call, 'legacy-message s'],
  [17, 'a session, H unknown (its front refuses it)', { ...known, version: 'v9' }, call, 'legacy-message s'],
  [
    17,
    'a session, capabilities only',
    known,
    request('tools/list', enveloped({ [VERSION_KEY]: undefined })),
    'legacy-message s',
  ],
  [
    17,
    'a session, the key of a claim elsewhere in params',
    known,
    request('tools/call', { [VERSION_KEY]: MODERN, arguments: enveloped() }),
    'legacy-message s',
  ],
  [19, 'H unknown', { version: 'v9' }, call, '400 -32022'],
  [19, 'H a date that is no version', { version: '2025-01-01' }, call, '400 -32022'],
  [20, 'nothing', {}, call, '400 -32000'],
  [20, 'H legacy', { version: '2025-11-25' }, call, '400 -32000'],
  [20, 'params that are an array', {}, request('x', [enveloped()]), '400 -32000'],
];

const NOTIFICATIONS: readonly Row[] = [
  [
    21,
    'a claim that is no string',
    known,
    notification('notifications/x', enveloped({ [VERSION_KEY]: 7 })),
    '400 -32602',
  ],
  [
    21,
    'a claim without capabilities',
    known,
    notification('notifications/x', enveloped({ [CAPABILITIES_KEY]: undefined })),
    '400 -32602',
  ],
  [
    21,
    'a claim with capabilities that are no object',
    {},
    notification('notifications/x', enveloped({ [CAPABILITIES_KEY]: [] })),
    '400 -32602',
  ],
  [
    21,
    'a malformed claim that differs from H',
    modern,
    notification('notifications/x', enveloped({ [VERSION_KEY]: 7 })),
    '400 -32602',
  ],
  [
    21,
    'a claim, H legacy',
    { ...known, version: '2025-11-25' },
    notification('notifications/x', enveloped()),
    '400 -32020',
  ],
  [
    21,
    'a claim, H another modern one',
    { version: '2027-01-01' },
    notification('notifications/x', enveloped()),
    '400 -32020',
  ],
  [22, 'a claim', {}, notification('notifications/x', enveloped()), 'modern'],
  [22, 'a claim, a session', known, notification('notifications/x', enveloped()), 'modern'],
  [22, 'H modern', modern, cancelled, 'modern'],
  [22, 'H modern, a session', { ...known, ...modern }, cancelled, 'modern'],
  [23, 'a session', known, cancelled, 'legacy-message s'],
  [
    23,
    'a session, H unknown (its front refuses it)',
    { ...known, version: 'v9' },
    cancelled,
    'legacy-message s',
  ],
  [23, 'none', {}, cancelled, '400 -32000'],
  [23, 'none, H unknown', { version: 'v9' }, cancelled, '400 -32000'],
];

describe.each([
  ['POST of a request', REQUESTS],
  ['POST of a notification', NOTIFICATIONS],
])('%s', (_title, rows) => {
  it.each(rows)('row %i: %s', (_row, _what, head, body, expected) =>
    expect(classified('POST', head, body)).toBe(expected),
  );
});

describe('what a refusal says', () => {
  it('row 16: names the keys that are missing', () => {
    const refused = classify({ ...NO_HEADERS, ...modern }, call);
    expect(refused).toMatchObject({
      kind: 'refused',
      detail: `Missing or malformed: ${VERSION_KEY}, ${CAPABILITIES_KEY}.`,
    });
  });

  it('row 19: names the versions that are served, and the one that was asked for', () => {
    const refused = classify({ ...NO_HEADERS, version: 'v9' }, call);
    expect(refused).toMatchObject({ kind: 'refused', data: { supported: LEGACY_VERSIONS, requested: 'v9' } });
  });

  it('row 21: names only the key that is malformed', () => {
    const refused = classify(
      NO_HEADERS,
      notification('notifications/x', enveloped({ [CAPABILITIES_KEY]: 1 })),
    );
    expect(refused).toMatchObject({ kind: 'refused', detail: `Missing or malformed: ${CAPABILITIES_KEY}.` });
  });
});
