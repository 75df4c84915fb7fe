import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { accepts, isJson } from '../../src/http/media-type.ts';

describe('isJson', () => {
  it.each([
    'application/json',
    'Application/JSON',
    ' application/json ',
    'application/json;charset=utf-8',
    'application/json; charset=utf-8',
    'application/json;\tcharset=utf-8',
    'application/json ; charset="utf-8"',
    'application/json;',
    'application/json; ;a=b',
    'application/json; a="b\\"c;,"',
  ])('%j is', (contentType) => {
    expect(isJson(contentType)).toBe(true);
  });

  it.each([
    undefined,
    '',
    'application/jsonx',
    'xapplication/json',
    'application/json-patch+json',
    'application/x+json',
    'text/json',
    'text/plain',
    'text/plain; application/json',
    'text/plain; a="application/json"',
    ' application/json garbage',
    'application/json, text/plain',
    'application/json,',
    'text/plain, application/json',
    'application/ json',
    'application /json',
    'application',
    'application/',
    '/json',
    '*/*',
    'application/*',
    'application/json; charset',
    'application/json; charset = utf-8',
    'application/json; charset=',
    'application/json; a="b',
    'application/json; a=b c',
    'application/json;\u00a0charset=utf-8',
    '\u00a0application/json',
    'application/json\0',
    'application/json\n',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=application/json',
  ])('%j is not', (contentType) => {
    expect(isJson(contentType)).toBe(false);
  });

  it('never throws, and stays quick on long text', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => typeof isJson(text) === 'boolean'));
    const startMs = performance.now();
    for (const unit of [' ', ';', '; ', ';a="', ';a="\\', '\t;', 'a/'])
      isJson(`application/json${unit.repeat(16_000)}x`);
    for (const unit of [' ', ',', 'a/b;a=",', 'a/b;q=', ' ,']) accepts(`${unit.repeat(16_000)}x`, 'a/b');
    expect(performance.now() - startMs).toBeLessThan(2000);
  });
});

describe('accepts', () => {
  it.each([
    [undefined, true],
    ['', true],
    ['*/*', true],
    ['text/*', true],
    ['text/event-stream', true],
    ['TEXT/Event-Stream', true],
    ['application/json, text/event-stream', true],
    ['application/json;q=0.9,text/event-stream;q=0.001', true],
    ['text/event-stream; charset=utf-8', true],
    ['text/event-stream;a="x,y";q=1', true],
    [', ,text/event-stream,', true],
    ['nonsense, text/event-stream', true],
    ['text/event-stream;q=0, */*', false],
    ['text/*;q=0, */*', false],
    ['text/*;q=0, text/event-stream', true],
    ['text/*, text/event-stream; Q=0.000', false],
    ['*/*;q=0', false],
    ['application/json', false],
    ['text/event-streams', false],
    ['text/event', false],
    ['application/text/event-stream', false],
    ['*', false],
    ['text/event-stream;q=2', false],
    ['text/event-stream;q=-1', false],
    ['text/event-stream q=1', false],
    ['application/json; a="text/event-stream"', false],
    ['application/json; a=", text/event-stream, "', false],
  ])('%j for an event stream: %s', (accept, expected) => {
    expect(accepts(accept, 'text/event-stream')).toBe(expected);
  });

  it('never throws', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary' }),
        (accept) => typeof accepts(accept, 'application/json') === 'boolean',
      ),
    );
  });
});
