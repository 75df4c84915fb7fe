import { assert, json, property } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { scanFrame } from '../../src/protocol/frame.ts';
import { splice } from '../../src/protocol/splice.ts';
import { valueText } from './json-texts.ts';

function scanned(text: string) {
  const scan = scanFrame(Buffer.from(text), 'server');
  if (!scan.ok) throw new Error(`${scan.why} at ${scan.at}`);
  return scan.frame;
}

/** The message as the receiver gets it, with another id. */
function relayed(text: string, id: string): string {
  const frame = scanned(text);
  if (frame.id === undefined) throw new Error('no id');
  return Buffer.concat(splice(frame, [{ ...frame.id, text: id }])).toString();
}

/** Least of three, in milliseconds. */
function fastest(text: Buffer): number {
  const times = [0, 1, 2].map(() => {
    const copy = Buffer.from(text);
    // Processor time: other work on the machine does not count.
    const before = process.cpuUsage();
    scanFrame(copy, 'server');
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1000;
  });
  return Math.min(...times);
}

describe('all but the id arrives as it was sent', () => {
  it.each([
    ['integers beyond 2^53', '{"a":9007199254740993,"b":-12345678901234567890123}'],
    ['number forms', '[1.0,-0,1e400,1E+2,0.10,5e-324]'],
    ['the order of keys', '{"z":1,"a":2,"10":3,"9":4}'],
    ['repeated and dangerous keys', '{"a":1,"a":2,"__proto__":{"x":1},"constructor":3,"":4}'],
    ['escapes', '"\\u0000\\ud800\\uDC00\\/\\b\\u00e9"'],
    ['U+2028, U+2029, DEL and a BOM in a string', '"\u2028\u2029\u007f\ufeff"'],
    ['depth', `${'['.repeat(200_000)}${']'.repeat(200_000)}`],
    ['depth in objects and arrays by turns', `${'{"a":[{"b":'.repeat(70_000)}1${'}]}'.repeat(70_000)}`],
  ])('%s', (_what, result) => {
    const message = (id: string) => `{"result":${result},"jsonrpc":"2.0" , "id":${id},"more":[${result}]}`;
    expect(relayed(message('9007199254740993'), '"client"') === message('"client"')).toBe(true);
  });

  it('whatever the result', () => {
    assert(
      property(valueText, (result) => {
        const message = (id: string) => `{"jsonrpc":"2.0","id":${id},"result":${result}}`;
        const oneLine = message('"\\u0031"').replaceAll(/[\r\n]/g, ' ');
        expect(relayed(message('7'), '"\\u0031"')).toBe(oneLine);
      }),
      { numRuns: 1000 },
    );
  });

  it('pretty-printed text becomes one line of the same length and value', () => {
    assert(
      property(json(), (result) => {
        const value: unknown = { jsonrpc: '2.0', id: 1, result: JSON.parse(result) };
        const text = JSON.stringify(value, null, 2).replaceAll('\n', '\r\n');
        const { bytes } = scanned(text);
        expect(bytes.length).toBe(Buffer.byteLength(text));
        expect(bytes.includes('\n') || bytes.includes('\r')).toBe(false);
        expect(JSON.parse(bytes.toString())).toEqual(JSON.parse(text));
      }),
    );
  });

  it('an escaped newline in a string stays one', () => {
    expect(scanned('{"jsonrpc":"2.0","id":1,\n"result":"a\\nb"}').bytes.toString()).toBe(
      '{"jsonrpc":"2.0","id":1, "result":"a\\nb"}',
    );
  });
});

describe('time', () => {
  it.each([
    ['brackets', (count: number) => '['.repeat(count) + ']'.repeat(count)],
    ['brackets that are never closed', (count: number) => '['.repeat(count * 2)],
    ['open objects', (count: number) => '{"a":'.repeat(count)],
    ['keys', (count: number) => `{${Array.from({ length: count / 4 }, (_, i) => `"k${i}":1`).join(',')}}`],
    ['escaped keys', (count: number) => `{${'"\\u005f":1,'.repeat(count / 8)}"":1}`],
    ['a string', (count: number) => `"${'x'.repeat(count * 4)}"`],
    ['an open string', (count: number) => `"${'x'.repeat(count * 4)}`],
    ['escapes', (count: number) => `"${'\\u0000'.repeat(count)}"`],
    ['digits', (count: number) => '1'.repeat(count * 4)],
    ['blanks', (count: number) => `[${'\n'.repeat(count * 4)}]`],
  ])('is linear in %s', (_what, result) => {
    const textOf = (count: number) => Buffer.from(`{"jsonrpc":"2.0","id":1,"result":${result(count)}}`);
    const [small, large] = [textOf(100_000), textOf(1_000_000)];
    fastest(small);
    // Quadratic time would be 100 times as much, and seconds.
    expect(fastest(large)).toBeLessThan(30 * fastest(small) + 100);
  });
});
