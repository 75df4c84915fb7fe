import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { codeForServerError, needsList, SERVER_ERRORS } from '../../src/fronts/rest/mapping.ts';
import { asToolResult } from '../../src/fronts/rest/represent.ts';
import { readCallBody, toRequest } from '../../src/fronts/rest/rest-request.ts';
import { decideWishes } from '../../src/fronts/rest/wishes.ts';
import { rankOf } from '../../src/http/media-type.ts';
import { valueText } from '../protocol/json-texts.ts';

describe('a body', () => {
  it('of any JSON object is the arguments, byte for byte but for blanks around it', () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 6 })),
        fc.boolean(),
        (value, pretty) => {
          const text = ` ${JSON.stringify(value, null, pretty ? 1 : 0)}\n`;
          const { args, answers } = readCallBody(Buffer.from(text), false);
          expect(args.toString()).toBe(text.trim().replaceAll('\n', ' '));
          expect(answers).toEqual([]);
          const request = toRequest('tools/call', [['arguments', args]], {
            era: 'modern',
            capabilities: undefined,
            listens: true,
          });
          expect(JSON.parse(request.frame.bytes.toString()).params.arguments).toEqual(JSON.parse(text));
        },
      ),
    );
  });

  it('never says more than its arguments, whatever it is', () => {
    fc.assert(
      fc.property(fc.oneof(valueText, fc.string()), fc.boolean(), (text, mayAnswer) => {
        let args: Buffer;
        try {
          args = readCallBody(Buffer.from(text), mayAnswer).args;
        } catch (error) {
          expect(error).toMatchObject({
            code: expect.stringMatching(/^(PARSE|TOO_DEEP|INVALID_ARGUMENTS)$/),
          });
          return;
        }
        expect(JSON.parse(args.toString() || '{}')).toBeTypeOf('object');
      }),
    );
  });

  it('gives up its answers where the caller can answer, and nothing else', () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 3 })),
        fc.dictionary(fc.string(), fc.constant({ action: 'cancel' })),
        fc.string(),
        (args, inputResponses, requestState) => {
          const body = { ...args, inputResponses, requestState };
          const read = readCallBody(Buffer.from(JSON.stringify(body)), true);
          const { inputResponses: _i, requestState: _s, ...rest } = body;
          // Through JSON, which has no minus zero.
          expect(JSON.parse(read.args.toString())).toEqual(JSON.parse(JSON.stringify(rest)));
          expect(read.answers.map(([name, value]) => [name, JSON.parse(String(value))])).toEqual([
            ['inputResponses', inputResponses],
            ['requestState', requestState],
          ]);
        },
      ),
    );
  });
});

describe('wishes', () => {
  it.each([
    [undefined, false, undefined],
    [undefined, true, ['elicitation', 'sampling']],
    ['input-required', false, ['elicitation', 'sampling']],
    ['input-required="roots, elicitation"', false, ['elicitation', 'roots']],
    ['input-required=none', true, undefined],
    ['input-required=constructor', false, undefined],
    ['wait=5', true, ['elicitation', 'sampling']],
  ])('of %j, with rest.inputRequired %s, declare %j', (prefer, inputRequired, expected) => {
    const { capabilities } = decideWishes(prefer, inputRequired);
    expect(capabilities && Object.keys(capabilities.declared).toSorted()).toEqual(expected);
  });

  it.each([
    ['wait=5', 5000],
    ['wait=0', undefined],
    ['wait=-1', undefined],
    ['wait=1.5', undefined],
    ['wait=99999999999', undefined],
  ])('of %j wait for %j', (prefer, waitMs) => {
    expect(decideWishes(prefer, false).waitMs).toBe(waitMs);
  });
});

describe('how much a type is wanted', () => {
  it('goes by weight, then by how exactly it is named', () => {
    const order = (accept: string, ...types: string[]) =>
      types.toSorted((a, b) => rankOf(accept, b) - rankOf(accept, a));
    expect(order('*/*, text/plain', 'application/json', 'text/plain')[0]).toBe('text/plain');
    expect(order('image/*;q=0.9, application/json;q=0.8', 'application/json', 'image/png')[0]).toBe(
      'image/png',
    );
    expect(order('text/*, text/plain;q=0', 'text/plain', 'text/html')).toEqual(['text/html', 'text/plain']);
    expect(rankOf('text/*, text/plain;q=0', 'text/plain')).toBe(0);
    expect(rankOf(undefined, 'a/b')).toBe(rankOf('', 'c/d'));
    expect(rankOf('a/b;q=0.001', 'a/b')).toBeLessThan(rankOf('*/*;q=0.002', 'a/b'));
  });
});

describe('errors of servers', () => {
  it('have a row for every code, and only need a list where it decides', () => {
    for (const target of ['tool', 'prompt', 'resource', 'completion', 'list'] as const) {
      for (const rpc of [...SERVER_ERRORS.flatMap((row) => row.rpc ?? []), 0, -32603, Number.NaN]) {
        const codes = [true, false].map((listed) => codeForServerError(rpc, target, listed));
        expect(needsList(rpc, target)).toBe(codes[0] !== codes[1]);
        expect(needsList(rpc, target) || codeForServerError(rpc, target) === codes[0]).toBe(true);
      }
    }
  });
});

describe('a result that is none', () => {
  it.each(['{}', '5', '{"content":5}', '{"content":[1,{"type":"image"},{"type":"text"}]}'])(
    'is represented all the same: %s',
    (result) => {
      expect(asToolResult(Buffer.from(result), undefined)).toMatchObject({
        kind: 'as',
        as: { bytes: Buffer.from(result) },
      });
      expect(['as', 'nothing']).toContain(asToolResult(Buffer.from(result), 'text/plain').kind);
    },
  );

  it.each(['"data":"%%%%"', '"data":"A"', '"data":5', '"x":1'])('is no image with %s', (data) => {
    const result = Buffer.from(`{"content":[{"type":"image","mimeType":"image/png",${data}}]}`);
    expect(() => asToolResult(result, 'image/png')).toThrow('base64');
  });

  it.each(['text/html', 'image/png\r\nX-Evil: 1', 'image', '*/*', 'image/*'])(
    'has no bytes under the type %j',
    (mimeType) => {
      const result = Buffer.from(JSON.stringify({ content: [{ type: 'image', mimeType, data: 'AAAA' }] }));
      expect(asToolResult(result, 'image/*, text/html').kind).toBe('nothing');
    },
  );
});
