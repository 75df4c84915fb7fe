import { describe, expect, it } from 'vitest';
import { isBatch, type Peer, scanFrame, splitBatch } from '../../src/protocol/frame.ts';
import { MAX_CLIENT_DEPTH, MAX_ID_BYTES } from '../../src/protocol/limits.ts';

function outcome(text: string, from: Peer = 'client'): string {
  const scan = scanFrame(Buffer.from(text), from);
  return scan.ok ? scan.frame.kind : scan.why;
}

function nested(depth: number): string {
  return `${'['.repeat(depth)}${']'.repeat(depth)}`;
}

const withId = (id: string) => `{"jsonrpc":"2.0","id":${id},"method":"x"}`;
const request = (params: string) => `{"jsonrpc":"2.0","id":1,"method":"x","params":${params}}`;

describe('what a message must be', () => {
  it.each([
    ['{"jsonrpc":"2.0","id":1,"method":"x"}', 'request'],
    ['{"jsonrpc":"2.0","id":1,"method":"x","params":[]}', 'request'],
    ['{"jsonrpc":"2.0","method":"x","params":{}}', 'notification'],
    ['{"jsonrpc":"2.0","id":"","result":null}', 'response'],
    ['{"jsonrpc":"2.0","id":1.5,"error":{}}', 'error'],
    ['{"jsonrpc":"2.0","id":null,"error":{}}', 'error'],
    ['{"jsonrpc":"2.0","error":{}}', 'error'],
    ['{"j\\u0073onrpc":"2\\u002e0","\\u0069d":1,"m\\u0065thod":"x"}', 'request'],
    ['{"jsonrpc":"2.0","id":1,"method":"x","params":null}', 'shape'],
    ['{"jsonrpc":"2.0","id":1,"method":"x","params":"p"}', 'shape'],
    ['{"jsonrpc":"2.0","id":1,"method":"x","result":1}', 'shape'],
    ['{"jsonrpc":"2.0","id":1,"method":"x","error":{}}', 'shape'],
    ['{"jsonrpc":"2.0","id":1,"method":7}', 'shape'],
    ['{"jsonrpc":"2.0","id":1,"result":1,"error":{}}', 'shape'],
    ['{"jsonrpc":"2.0","id":1,"error":"e"}', 'shape'],
    ['{"jsonrpc":"2.0","result":1}', 'shape'],
    ['{"jsonrpc":"2.0","id":1}', 'shape'],
    ['{"jsonrpc":2.0,"id":1,"method":"x"}', 'shape'],
    ['{"jsonrpc":"2.00","id":1,"method":"x"}', 'shape'],
    ['{"id":1,"method":"x"}', 'shape'],
    ['[]', 'shape'],
    ['[{"jsonrpc":"2.0","id":1,"method":"x"}]', 'shape'],
    ['5', 'shape'],
    ['{}', 'shape'],
    ['{"jsonrpc":"2.0","id":null,"method":"x"}', 'id'],
    ['{"jsonrpc":"2.0","id":null,"result":1}', 'id'],
    ['{"jsonrpc":"2.0","id":true,"method":"x"}', 'id'],
    ['{"jsonrpc":"2.0","id":{},"error":{}}', 'id'],
    ['{"jsonrpc":"2.0","id":[1],"method":"x"}', 'id'],
  ])('%s', (text, expected) => {
    expect(outcome(text, 'client')).toBe(expected);
    expect(outcome(text, 'server')).toBe(expected);
  });

  it('[fault 8] has an id of bounded length, quotes and escapes included', () => {
    expect(outcome(withId(`"${'i'.repeat(MAX_ID_BYTES - 2)}"`))).toBe('request');
    expect(outcome(withId(`"${'i'.repeat(MAX_ID_BYTES - 1)}"`))).toBe('id');
    expect(outcome(withId('9'.repeat(MAX_ID_BYTES + 1)), 'server')).toBe('id');
  });

  it('an error that answers nobody has no id', () => {
    const scan = scanFrame(
      Buffer.from('{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"_meta":{}}}'),
      'server',
    );
    expect(scan).toMatchObject({ ok: true, frame: { kind: 'error', id: undefined, meta: undefined } });
  });
});

describe('a member that we read and that stands twice', () => {
  it.each([
    ['{"jsonrpc":"2.0","id":1,"method":"x","method":"y"}', 'request'],
    ['{"jsonrpc":"2.0","id":1,"method":"x","m\\u0065thod":"y"}', 'request'],
    ['{"jsonrpc":"2.0","id":1,"method":"x","id":1}', 'request'],
    ['{"jsonrpc":"2.0","jsonrpc":"2.0","id":1,"method":"x"}', 'request'],
    ['{"jsonrpc":"2.0","id":1,"method":"x","params":{},"params":{}}', 'request'],
    ['{"jsonrpc":"2.0","id":1,"method":"x","params":{"_meta":{},"_meta":1}}', 'request'],
    [
      '{"jsonrpc":"2.0","id":1,"method":"x","params":{"_meta":{"progressToken":1,"progress\\u0054oken":1}}}',
      'request',
    ],
    ['{"jsonrpc":"2.0","id":1,"result":{"_meta":{},"_meta":{}}}', 'response'],
    [
      '{"jsonrpc":"2.0","params":{"requestId":1,"requestId":2},"method":"notifications/cancelled"}',
      'notification',
    ],
  ])('%s is refused from a client, not from a server', (text, kind) => {
    expect(outcome(text, 'client')).toBe('duplicate');
    expect(outcome(text, 'server')).toBe(kind);
  });

  it.each([
    '{"jsonrpc":"2.0","id":1,"method":"x","params":{"a":1,"a":2,"requestId":1,"requestId":2}}',
    '{"jsonrpc":"2.0","id":1,"method":"x","params":{"arguments":{"_meta":{},"_meta":{},"progressToken":1,"progressToken":2}}}',
    '{"jsonrpc":"2.0","id":1,"method":"x","params":{"_meta":{"a":{"progressToken":1},"b":{"progressToken":2},"progressToken":3}}}',
    '{"jsonrpc":"2.0","id":1,"params":{"_meta":{}},"result":[{"progressToken":1,"progressToken":2}]}',
    '{"jsonrpc":"2.0","id":1,"params":{"_meta":{"progressToken":1}},"result":{"_meta":{"progressToken":2}}}',
    '{"jsonrpc":"2.0","id":1,"method":"x","other":{"_meta":{},"_meta":{}},"other":{"_meta":{}}}',
  ])('elsewhere survives: %s', (text) => {
    const scan = scanFrame(Buffer.from(text), 'client');
    expect(scan.ok && scan.frame.bytes.toString()).toBe(text);
  });

  it('counts for the last from a server, `_meta` with it', () => {
    const text = '{"jsonrpc":"2.0","id":1,"result":{"_meta":{}},"id":22,"result":[]}';
    const scan = scanFrame(Buffer.from(text), 'server');
    expect(scan).toMatchObject({
      ok: true,
      frame: { id: { start: text.indexOf('22'), end: text.indexOf('22') + 2 }, meta: undefined },
    });
  });
});

describe('depth', () => {
  it('is bounded from a client, counted with the message itself', () => {
    const deepest = MAX_CLIENT_DEPTH - 1;
    expect(outcome(request(nested(deepest)))).toBe('request');
    expect(outcome(request(nested(deepest + 1)))).toBe('depth');
    expect(outcome(request(`{"a":${nested(deepest - 1)}}`))).toBe('request');
    expect(outcome(request(`{"a":${nested(deepest)}}`))).toBe('depth');
    expect(
      outcome(`{"jsonrpc":"2.0","x":${'{"a":'.repeat(deepest)}1${'}'.repeat(deepest)},"method":"x"}`),
    ).toBe('notification');
    expect(outcome(`{"jsonrpc":"2.0","x":${'{"a":'.repeat(deepest + 1)}1${'}'.repeat(deepest + 1)}}`)).toBe(
      'depth',
    );
  });

  it('is not what is wrong with text that is not JSON', () => {
    expect(outcome(request(`${nested(500)}]`))).toBe('json');
    expect(outcome('['.repeat(500))).toBe('json');
  });
});

describe('a batch', () => {
  it('is known by its first byte', () => {
    expect(isBatch(Buffer.from(' \r\n\t[1]'))).toBe(true);
    expect(isBatch(Buffer.from(' {"a":[]}'))).toBe(false);
    expect(isBatch(Buffer.from('  '))).toBe(false);
  });

  it('is split into the texts of its elements', () => {
    const bytes = Buffer.from(' [ {"a":[1,\n2]} ,"x,]",\t[] , 1.0\n] ');
    const split = splitBatch(bytes, 'client');
    if (!split.ok) throw new Error(split.why);
    expect(split.items.map(({ start, end }) => bytes.toString('utf8', start, end))).toEqual([
      '{"a":[1, 2]}',
      '"x,]"',
      '[]',
      '1.0',
    ]);
  });

  it.each([
    ['[]', { ok: true, items: [] }],
    ['[1,]', { ok: false, why: 'json', at: 3 }],
    ['[1] 2', { ok: false, why: 'json', at: 4 }],
    ['[', { ok: false, why: 'json', at: 1 }],
    ['{"a":1}', { ok: false, why: 'shape', at: 0 }],
    ['{"a"}', { ok: false, why: 'json', at: 4 }],
  ])('%s', (text, expected) => {
    expect(splitBatch(Buffer.from(text), 'client')).toEqual(expected);
  });

  it('counts depth from the element', () => {
    expect(splitBatch(Buffer.from(`[${nested(MAX_CLIENT_DEPTH)}]`), 'client').ok).toBe(true);
    expect(splitBatch(Buffer.from(`[${nested(MAX_CLIENT_DEPTH + 1)}]`), 'client')).toMatchObject({
      why: 'depth',
    });
    expect(splitBatch(Buffer.from(`[${nested(5000)}]`), 'server').ok).toBe(true);
  });

  it('is UTF-8', () => {
    expect(splitBatch(Buffer.from([0x5b, 0x22, 0xff, 0x22, 0x5d]), 'client')).toMatchObject({ why: 'utf8' });
  });
});
