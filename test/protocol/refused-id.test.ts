import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MAX_ID_BYTES } from '../../src/protocol/limits.ts';
import { refusedId } from '../../src/protocol/refused-id.ts';
import { CAPABILITIES_KEY, enveloped, MODERN, notification, request } from '../support/inbound.ts';

const LEFT_OUT = undefined;

function idOf(body: string | undefined, version?: string): string | null | undefined {
  const id = refusedId(body === undefined ? undefined : Buffer.from(body), version);
  return id === null ? null : id?.toString();
}

describe('an id that can be read', () => {
  it.each([
    ['a number as it was written', '{"jsonrpc":"2.0","id":1.0e2,"method":"x"}', '1.0e2'],
    ['a string with its quotes and escapes', '{"jsonrpc":"2.0","id":"\\u0061","method":"x"}', '"\\u0061"'],
    ['behind blanks', ' \r\n{ "method" : "x" , "id" : 7 } ', '7'],
    ['of another JSON-RPC version', '{"jsonrpc":"1.0","id":7,"method":"x"}', '7'],
    ['of a method that is no string', '{"jsonrpc":"2.0","id":7,"method":5}', '7'],
    ['of params that stand twice', '{"jsonrpc":"2.0","id":7,"method":"x","params":{},"params":{}}', '7'],
    [
      'of params that are too deep',
      `{"jsonrpc":"2.0","id":7,"method":"x","params":${'['.repeat(500)}${']'.repeat(500)}}`,
      '7',
    ],
  ])('%s', (_what, body, id) => {
    expect(idOf(body)).toBe(id);
    expect(idOf(body, MODERN)).toBe(id);
  });
});

describe('an id that cannot be read is null, and left out under a modern header', () => {
  it.each([
    ['no body', undefined],
    ['an empty body', ''],
    ['not JSON', '{"jsonrpc":"2.0","id":7,"method":"x"'],
    ['JSON and something more', '{"jsonrpc":"2.0","id":7,"method":"x"}}'],
    ['an id that stands twice', '{"jsonrpc":"2.0","id":7,"method":"x","id":8}'],
    ['an id that is null', '{"jsonrpc":"2.0","id":null,"method":"x"}'],
    ['an id that is an object', '{"jsonrpc":"2.0","id":{},"method":"x"}'],
    ['an id that is too long', JSON.stringify({ id: 'x'.repeat(MAX_ID_BYTES), method: 'x' })],
    ['a response: its id is the server’s', '{"jsonrpc":"2.0","id":7,"result":{}}'],
    ['a request and a response in one', '{"jsonrpc":"2.0","id":7,"method":"x","result":{}}'],
    ['a notification', JSON.stringify(notification('x'))],
    ['a batch', JSON.stringify([request('x'), request('y')])],
    ['a number', '5'],
  ])('%s', (_what, body) => {
    expect(idOf(body)).toBeNull();
    expect(idOf(body, '2025-11-25')).toBeNull();
    expect(idOf(body, MODERN)).toBe(LEFT_OUT);
  });

  it('invalid UTF-8', () => {
    const body = Buffer.from('{"jsonrpc":"2.0","id":7,"method":"\u00ff"}', 'latin1');
    expect(refusedId(body, undefined)).toBeNull();
    expect(refusedId(body, MODERN)).toBe(LEFT_OUT);
  });
});

describe('an id that cannot be read is left out when the body claims to be modern', () => {
  it.each([
    ['a request with the id null', { ...request('x', enveloped()), id: null }],
    ['a notification', notification('x', enveloped())],
    ['a malformed claim', notification('x', enveloped({ [CAPABILITIES_KEY]: undefined }))],
    ['one element of a batch', [request('x'), request('y', enveloped())]],
  ])('%s', (_what, body) => expect(idOf(JSON.stringify(body))).toBe(LEFT_OUT));
});

it('never throws, and reads nothing but an id', () => {
  const nearly = fc.json().map((params) => `{"method":"x","id":7,"params":${params}}`);
  const cut = fc.tuple(nearly, fc.nat(40)).map(([text, length]) => text.slice(0, text.length - length));
  fc.assert(
    fc.property(fc.oneof(fc.json(), cut, fc.string()), (text) => {
      const id = idOf(text);
      if (id === null || id === LEFT_OUT) return;
      expect(JSON.stringify(JSON.parse(text).id)).toBe(JSON.stringify(JSON.parse(id)));
    }),
  );
});
