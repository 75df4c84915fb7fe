import { array, assert, constantFrom, nat, oneof, property, tuple, uint8Array } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LineReader } from '../../src/protocol/line-codec.ts';

interface Read {
  readonly lines: Buffer[];
  readonly overlong: number[];
}

function read(chunks: Iterable<Buffer>, maxLineBytes = 1000): Read {
  const lines: Buffer[] = [];
  const overlong: number[] = [];
  const reader = new LineReader(maxLineBytes, {
    line: (bytes) => lines.push(bytes),
    overlong: (seen) => overlong.push(seen),
  });
  for (const chunk of chunks) reader.push(chunk);
  return { lines, overlong };
}

function texts(...chunks: string[]): string[] {
  return read(chunks.map((chunk) => Buffer.from(chunk))).lines.map(String);
}

/** Cut at the given places; empty chunks included. */
function chunked(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const places = [0, ...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length].sort((a, b) => a - b);
  return places.slice(1).map((end, i) => Buffer.from(bytes.subarray(places[i], end)));
}

const part = oneof(
  constantFrom('\n', '\n', '\r\n', ' ', '\t', '\ufeff', '{"a":"ü€😀"}', '\u2028', '\r', '\0').map((text) =>
    Buffer.from(text),
  ),
  uint8Array({ maxLength: 20 }).map((bytes) => Buffer.from(bytes)),
);
const stream = array(part, { maxLength: 20 }).map((parts) => Buffer.concat(parts));

describe('lines', () => {
  it('[fault 31] do not depend on how the stream is cut', () => {
    assert(
      property(stream, array(nat(), { maxLength: 10 }), nat(30), (bytes, cuts, maxLineBytes) => {
        const whole = read([Buffer.from(bytes)], maxLineBytes);
        const cut = read(chunked(bytes, cuts), maxLineBytes);
        const single = read(
          chunked(
            bytes,
            Array.from(bytes, (_, i) => i),
          ),
          maxLineBytes,
        );
        expect(cut.lines).toEqual(whole.lines);
        expect(single.lines).toEqual(whole.lines);
        expect(cut.overlong.length).toBe(whole.overlong.length);
        expect(single.overlong.length).toBe(whole.overlong.length);
      }),
      { numRuns: 2000 },
    );
  });

  it('are what stands before each newline', () => {
    assert(
      property(tuple(stream, stream), ([bytes, tail]) => {
        const expected = bytes
          .toString('latin1')
          .split('\n')
          .slice(0, -1)
          .map((line) => line.replace(/^\u00ef\u00bb\u00bf/, '').replace(/\r$/, ''))
          .filter((line) => !/^[ \t\r]*$/.test(line));
        const rest = Buffer.from(tail.filter((byte) => byte !== 0x0a));
        expect(read([bytes, rest]).lines.map((line) => line.toString('latin1'))).toEqual(expected);
      }),
      { numRuns: 1000 },
    );
  });

  it.each([
    ['an open last line', ['{"a":1}\n{"b"'], ['{"a":1}']],
    ['a character cut in two', ['"\u20ac'.slice(0, 1), '\u20ac"\n'], ['"\u20ac"']],
    ['a CRLF cut in two', ['1\r', '\n2\n'], ['1', '2']],
    ['a BOM', ['\ufeff1\n\ufeff2\r\n'], ['1', '2']],
    ['what only looks like a BOM', ['\uf03f1\n\ufefe2\n'], ['\uf03f1', '\ufefe2']],
    ['blank lines', ['\n\r\n \t\n\ufeff\n1\n'], ['1']],
    ['U+2028 and NUL', ['"\u2028"\n\0\n'], ['"\u2028"', '\0']],
  ])('%s', (_what, chunks, lines) => {
    expect(texts(...chunks)).toEqual(lines);
  });

  it('may be kept and changed by the receiver', () => {
    const { lines } = read([Buffer.from('aaa\nbbb\ncc'), Buffer.from('cc\ndd'), Buffer.from('d\n')]);
    const [first, , third, fourth] = lines;
    first?.fill(0x21);
    third?.fill(0x21);
    expect(lines.map(String)).toEqual(['!!!', 'bbb', '!!!!', 'ddd']);
    expect(fourth?.toString()).toBe('ddd');
  });
});

describe('a line that is too long', () => {
  it('is told once, as soon as it is, and the next line is read', () => {
    const told: string[] = [];
    const reader = new LineReader(8, {
      line: (bytes) => told.push(bytes.toString()),
      overlong: (seen) => told.push(`overlong ${seen}`),
    });
    reader.push(Buffer.from('12345678\n12345'));
    reader.push(Buffer.from('6789'));
    expect(told).toEqual(['12345678', 'overlong 9']);
    reader.push(Buffer.alloc(1000, 0x31));
    reader.push(Buffer.from('1\n1\n123456789\n2\n'));
    expect(told).toEqual(['12345678', 'overlong 9', '1', 'overlong 9', '2']);
  });

  it('holds no more memory than the limit allows', () => {
    const before = process.memoryUsage().arrayBuffers;
    const chunk = Buffer.alloc(65_536, 0x31);
    const reader = new LineReader(1_000_000, { line: () => {}, overlong: () => {} });
    for (let i = 0; i < 2000; i++) reader.push(chunk);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(10_000_000);
  });
});

describe('a long line', () => {
  it.each([65_536, 4096])('of 50 MB in chunks of %i bytes takes linear time', (chunkBytes) => {
    const count = Math.ceil(50_000_000 / chunkBytes);
    const chunk = Buffer.alloc(chunkBytes, 0x31);
    const before = performance.now();
    function* chunks(): Iterable<Buffer> {
      for (let i = 0; i < count; i++) yield chunk;
      yield Buffer.from('\n');
    }
    const { lines } = read(chunks(), 64 * 1024 * 1024);
    expect(lines.map((line) => line.length)).toEqual([count * chunkBytes]);
    expect(performance.now() - before).toBeLessThan(2000);
  });

  it('that comes byte by byte too', () => {
    const bytes = Array.from({ length: 300_000 }, (_, i) => Buffer.from([0x30 + (i % 10)]));
    const { lines } = read([...bytes, Buffer.from('\n')], 1_000_000);
    expect(lines[0]?.equals(Buffer.concat(bytes))).toBe(true);
  });
});
