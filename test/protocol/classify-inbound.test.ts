/**
 * The rows of the decision table for requests without a body, by their numbers. Whether a session is known is not the classifier's to
 * say; test/mcp/inbound-rows.test.ts holds that half of the table, and row 1, over HTTP.
 */
import { describe, expect, it } from 'vitest';
import { classified, classify, type Head, MODERN, NO_HEADERS } from '../support/inbound.ts';

const BROWSER = 'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8';
const STREAM = 'text/event-stream';

type Row = readonly [row: number, what: string, head: Head, expected: string];

const GETS: readonly Row[] = [
  [4, 'a session', { sessionId: 's' }, 'legacy-stream s'],
  [4, 'a session, H legacy', { sessionId: 's', version: '2025-11-25', accept: STREAM }, 'legacy-stream s'],
  [4, 'a session, H unknown (its front refuses it)', { sessionId: 's', version: 'v9' }, 'legacy-stream s'],
  [
    4,
    'a session and Last-Event-ID',
    { sessionId: 's', lastEventId: '1-2', accept: STREAM },
    'legacy-stream s',
  ],
  [4, 'a session, H modern', { sessionId: 's', version: MODERN }, '405 -32000'],
  [4, 'a session, H later than modern', { sessionId: 's', version: '2031-01-01' }, '405 -32000'],
  [
    4,
    'a session, H after modern in the alphabet only',
    { sessionId: 's', version: 'draft' },
    'legacy-stream s',
  ],
  [5, 'Last-Event-ID', { lastEventId: 'x', accept: STREAM }, 'sse-resume, otherwise sse-open'],
  [
    5,
    'Last-Event-ID and H',
    { lastEventId: 'x', version: '2025-11-25', accept: STREAM },
    'sse-resume, otherwise 405 -32000',
  ],
  [
    5,
    'Last-Event-ID of a browser',
    { lastEventId: 'x', accept: BROWSER },
    'sse-resume, otherwise 406 -32000',
  ],
  [6, 'H legacy', { version: '2025-11-25', accept: STREAM }, '405 -32000'],
  [6, 'H modern', { version: MODERN, accept: STREAM }, '405 -32000'],
  [6, 'H unknown', { version: 'v9', accept: STREAM }, '405 -32000'],
  [7, 'Accept: text/event-stream', { accept: STREAM }, 'sse-open'],
  [7, 'Accept names it among others', { accept: 'application/json, text/event-stream;q=0.5' }, 'sse-open'],
  [7, 'Accept names it in capitals', { accept: 'Text/Event-Stream' }, 'sse-open'],
  [7, 'Accept: */*', { accept: '*/*' }, 'sse-open'],
  [7, 'Accept: */* with blanks', { accept: ' */* ' }, 'sse-open'],
  [8, 'Accept of a browser', { accept: BROWSER }, '406 -32000'],
  [8, 'no Accept', {}, '406 -32000'],
  [8, 'Accept: application/json', { accept: 'application/json' }, '406 -32000'],
  [8, 'Accept: */* among others', { accept: 'application/json, */*' }, '406 -32000'],
  [8, 'Accept: a type that begins alike', { accept: 'text/event-streams' }, '406 -32000'],
];

const DELETES: readonly Row[] = [
  [2, 'a session', { sessionId: 's' }, 'legacy-end s'],
  [2, 'a session, H legacy', { sessionId: 's', version: '2025-06-18' }, 'legacy-end s'],
  [2, 'a session, H modern', { sessionId: 's', version: MODERN }, 'legacy-end s'],
  [3, 'no session, H modern', { version: MODERN }, '405 -32000'],
  [3, 'no session', {}, '400 -32000'],
  [3, 'no session, H legacy', { version: '2025-11-25' }, '400 -32000'],
  [3, 'no session, H unknown', { version: 'v9' }, '400 -32000'],
  [3, 'a session in the query only', { querySessionId: 's' }, '400 -32000'],
];

describe('GET', () => {
  it.each(GETS)('row %i: %s', (_row, _what, head, expected) =>
    expect(classified('GET', head)).toBe(expected),
  );
});

describe('DELETE', () => {
  it.each(DELETES)('row %i: %s', (_row, _what, head, expected) =>
    expect(classified('DELETE', head)).toBe(expected),
  );
});

it.each([
  ['GET', 4, { sessionId: 's', version: MODERN }],
  ['GET', 6, { version: MODERN }],
  ['DELETE', 3, { version: MODERN }],
] as const)('%s, row %i: a refusal of the method says which one is allowed', (method, _row, head) => {
  expect(classify({ ...NO_HEADERS, ...head, method }, undefined)).toMatchObject({
    kind: 'refused',
    allow: 'POST, OPTIONS',
  });
});
