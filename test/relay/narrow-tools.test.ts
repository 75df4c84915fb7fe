import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { GatewayError } from '../../src/errors.ts';
import type { Lease } from '../../src/instance/pool/pool.ts';
import { type Frame, scanFrame } from '../../src/protocol/frame.ts';
import { unedited } from '../../src/protocol/message.ts';
import { splice } from '../../src/protocol/splice.ts';
import { hideTools, narrowTools, type ToolFilter } from '../../src/relay/narrow-tools.ts';

function frameOf(text: string, from: 'client' | 'server' = 'server'): Frame {
  const scan = scanFrame(Buffer.from(text), from);
  if (!scan.ok) throw new Error(`${scan.why} at ${scan.at}: ${text}`);
  return scan.frame;
}

function narrowed(text: string, mayUse: ToolFilter): string {
  const frame = frameOf(text);
  return Buffer.concat(splice(frame, hideTools(frame, mayUse))).toString();
}

function list(...tools: string[]): string {
  return `{"jsonrpc":"2.0","id":1,"result":{"nextCursor":"c", "tools": [${tools.join('')}] ,"_meta":{"x":1.0}}}`;
}

const A =
  '{ "name":"a","inputSchema":{"type":"object","properties":{"n":{"maximum":1.0,"default":9007199254740993}}}}';
const B = '{"title":"]},\\"","name":"\\u0062"}';
const C = '{"name":"c","n":1e400}';

describe('a narrowed tools/list', () => {
  it.each<[string[], string, string[]]>([
    [[A, ',', B, ',', C], 'abc', [A, ',', B, ',', C]],
    [[A, ',', B, ',', C], 'a', [A]],
    [[A, ',', B, ',', C], 'b', [B]],
    [[A, ',', B, ',', C], 'c', [C]],
    [[A, ' , ', B, ' ,\t', C], 'ac', [A, ',', C]],
    [[A, ',', B, ',', C], 'bc', [B, ',', C]],
    [[A, ',', B, ',', C], '', []],
    [[' ', A, ' '], '', []],
    [[], 'abc', []],
    [['"a"', ',', 'null', ',', '{"name":5}', ',', '{}', ',', A], 'abc', [A]],
    [['{"name":"c","name":"a"}', ',', '{"name":"a","name":"c"}'], 'a', ['{"name":"c","name":"a"}']],
  ])('keeps the bytes of what stays: %j for %j', (tools, granted, expected) => {
    const mayUse = (tool: string): boolean => granted.includes(tool);
    expect(narrowed(list(...tools), mayUse)).toBe(list(...expected));
  });

  it('leaves alone what is no list of tools', () => {
    for (const text of [
      '{"jsonrpc":"2.0","id":1,"result":{}}',
      '{"jsonrpc":"2.0","id":1,"error":{"code":1,"message":"","tools":[{"name":"a"}]}}',
    ]) {
      expect(narrowed(text, () => false)).toBe(text);
    }
  });

  it.each(['null', '{"name":"a"}', '"a"', '12345', 'true'])(
    'is empty where the server gives %s for a list',
    (tools) => {
      expect(narrowed(`{"jsonrpc":"2.0","id":1,"result":{"tools":${tools}}}`, () => true)).toBe(
        '{"jsonrpc":"2.0","id":1,"result":{"tools":[]}}',
      );
    },
  );

  it('is what filtering the parsed list gives, for any list and any grants', () => {
    const tool = fc.record({
      name: fc.constantFrom('a', 'b', 'c', 'é', '__proto__', ''),
      extra: fc.jsonValue(),
    });
    fc.assert(
      fc.property(
        fc.array(tool),
        fc.func(fc.boolean()),
        fc.constantFrom(0, 1, 2),
        (tools, mayUse, indent) => {
          const text = JSON.stringify(
            { jsonrpc: '2.0', id: 1, result: { tools, nextCursor: 'x' } },
            undefined,
            indent,
          );
          const expected = tools.filter(({ name }) => mayUse(name));
          expect(JSON.parse(narrowed(text, mayUse))).toEqual({
            jsonrpc: '2.0',
            id: 1,
            result: JSON.parse(JSON.stringify({ tools: expected, nextCursor: 'x' })),
          });
        },
      ),
      { numRuns: 200 },
    );
  });
});

/** What of a client's messages reaches the server behind a lease that grants `a` only. */
function reaches(text: string): { readonly sent: boolean; readonly failed: string | undefined } {
  let sent = false;
  let failed: string | undefined;
  const mark = (): void => {
    sent = true;
  };
  const inner = {
    call: () => {
      mark();
      return { cancel: () => undefined };
    },
    tell: mark,
    answer: () => {
      mark();
      return 'taken';
    },
  } as unknown as Lease;
  const lease = narrowTools(inner, (tool) => tool === 'a');
  const frame = frameOf(text, 'client');
  if (frame.kind === 'request') {
    lease.call(unedited(frame), {
      notify: () => 'sent',
      ask: () => 'gone',
      settle: () => 'sent',
      fail: (error: GatewayError) => (failed = error.code),
    });
  } else if (frame.kind === 'notification') lease.tell(unedited(frame));
  else lease.answer(unedited(frame));
  return { sent, failed };
}

const call = (params: string, more = ''): string =>
  `{"jsonrpc":"2.0","id":1,"method":"tools/call"${more},"params":${params}}`;

describe('a narrowed lease', () => {
  it.each([
    call('{"name":"a"}'),
    call('{"name":"\\u0061","arguments":{"name":"b","Name":"b"}}'),
    call('{"name":"a"}', ',"trace":1'),
    '{"jsonrpc":"2.0","id":1,"method":"prompts/get","params":{"name":"b"}}',
    '{"jsonrpc":"2.0","id":1,"method":"tools/list"}',
    '{"jsonrpc":"2.0","method":"notifications/initialized"}',
    '{"jsonrpc":"2.0","id":1,"result":{"Method":"x"}}',
  ])('carries %s', (text) => {
    expect(reaches(text)).toEqual({ sent: true, failed: undefined });
  });

  it.each([
    [call('{"name":"b"}'), 'TOOL_UNKNOWN'],
    [call('{"name":"\\u0062"}'), 'TOOL_UNKNOWN'],
    [call('{}'), 'TOOL_UNKNOWN'],
    [call('["a"]'), 'TOOL_UNKNOWN'],
    [call('{"name":["b"]}'), 'TOOL_UNKNOWN'],
    [call('{"name":null}'), 'TOOL_UNKNOWN'],
    ['{"jsonrpc":"2.0","id":1,"method":"tools/call"}', 'TOOL_UNKNOWN'],
    [call('{"name":"a","name":"a"}'), 'DUPLICATE_MEMBER'],
    [call('{"name":"a","na\\u006de":"b"}'), 'DUPLICATE_MEMBER'],
    [call('{"name":"a","NAME":"b"}'), 'DUPLICATE_MEMBER'],
    [call('{"Name":"b","name":"a"}'), 'DUPLICATE_MEMBER'],
    [call('{"name":"a"}', ',"Params":{"name":"b"}'), 'DUPLICATE_MEMBER'],
    [call('{"name":"a"}', ',"param\u017f":{"name":"b"}'), 'DUPLICATE_MEMBER'],
    [
      '{"jsonrpc":"2.0","id":1,"method":"ping","METHOD":"tools/call","params":{"name":"b"}}',
      'DUPLICATE_MEMBER',
    ],
  ])('refuses %s with %s', (text, code) => {
    expect(reaches(text)).toEqual({ sent: false, failed: code });
  });

  it.each([
    '{"jsonrpc":"2.0","method":"tools/call","params":{"name":"b"}}',
    '{"jsonrpc":"2.0","method":"tools/call","params":{"name":"a"}}',
    '{"jsonrpc":"2.0","method":"notifications/x","Method":"tools/call","params":{"name":"b"}}',
    '{"jsonrpc":"2.0","id":1,"result":{},"Method":"tools/call","Params":{"name":"b"}}',
  ])('drops %s, which asks for no answer', (text) => {
    expect(reaches(text).sent).toBe(false);
  });
});
