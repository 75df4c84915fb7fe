import { array, assert, nat, property, string, tuple, uint8Array } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Edit, splice } from '../../src/protocol/splice.ts';

const frame = { bytes: Buffer.from('0123456789') };

function spliced(edits: readonly Edit[]): string {
  return Buffer.concat(splice(frame, edits)).toString();
}

describe('splice', () => {
  it('changes what it is told to and nothing else', () => {
    const cuts = array(tuple(nat(5), nat(5), string()), { maxLength: 5 });
    assert(
      property(uint8Array({ maxLength: 60 }), cuts, (raw, steps) => {
        const bytes = Buffer.from(raw);
        const edits: Edit[] = [];
        const expected: Buffer[] = [];
        let done = 0;
        for (const [gap, length, text] of steps) {
          const start = Math.min(done + gap, bytes.length);
          const end = Math.min(start + length, bytes.length);
          expected.push(bytes.subarray(done, start), Buffer.from(text));
          edits.push({ start, end, text });
          done = end;
        }
        expected.push(bytes.subarray(done));
        const before = Buffer.from(bytes);
        expect(Buffer.concat(splice({ bytes }, edits))).toEqual(Buffer.concat(expected));
        expect(bytes).toEqual(before);
      }),
    );
  });

  it('sorts its edits and leaves the given list alone', () => {
    const edits = [
      { start: 8, end: 9, text: 'B' },
      { start: 1, end: 3, text: Buffer.from('A') },
    ] as const;
    expect(spliced(edits)).toBe('0A34567B9');
    expect(edits[0].start).toBe(8);
  });

  it('inserts before what is replaced at the same place, in the order given', () => {
    expect(
      spliced([
        { start: 2, end: 4, text: 'R' },
        { start: 2, end: 2, text: 'a' },
        { start: 2, end: 2, text: 'b' },
        { start: 4, end: 4, text: 'c' },
      ]),
    ).toBe('01abRc456789');
    expect(
      spliced([
        { start: 10, end: 10, text: '!' },
        { start: 0, end: 0, text: '!' },
      ]),
    ).toBe('!0123456789!');
  });

  it('passes unedited parts on as views', () => {
    const pieces = splice(frame, [{ start: 4, end: 5, text: 'ü' }]);
    expect(pieces.map(String)).toEqual(['0123', 'ü', '56789']);
    for (const piece of [pieces[0], pieces[2]]) expect(piece?.buffer).toBe(frame.bytes.buffer);
    expect(splice(frame, [])).toEqual([frame.bytes]);
    expect(splice(frame, [])[0]).toBe(frame.bytes);
  });

  it('makes no empty pieces', () => {
    expect(splice(frame, [{ start: 0, end: 10, text: '' }])).toEqual([]);
    expect(splice(frame, [{ start: 0, end: 2, text: '' }]).map(String)).toEqual(['23456789']);
  });

  it.each([
    [
      'overlap',
      [
        { start: 1, end: 4, text: '' },
        { start: 3, end: 5, text: '' },
      ],
    ],
    [
      'an insertion within a replacement',
      [
        { start: 1, end: 4, text: '' },
        { start: 2, end: 2, text: '' },
      ],
    ],
    [
      'the same span twice',
      [
        { start: 1, end: 4, text: '' },
        { start: 1, end: 4, text: '' },
      ],
    ],
    ['past the end', [{ start: 9, end: 11, text: '' }]],
    ['before the start', [{ start: -1, end: 1, text: '' }]],
    ['backwards', [{ start: 5, end: 4, text: '' }]],
    ['not a number', [{ start: Number.NaN, end: 4, text: '' }]],
  ])('refuses edits with %s', (_what, edits) => {
    expect(() => splice(frame, edits)).toThrow(RangeError);
  });
});
