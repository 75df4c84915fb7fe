import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MAX_SEGMENT_CHARS, toOperationId, toPathSegment } from '../../src/fronts/rest/operation-names.ts';

const ID = /^[A-Za-z_][A-Za-z0-9_]{0,63}$/;
const HASHED = /_[0-9a-f]{10}$/;

/** Names of few characters collide often when a mapping is wrong; the others are what servers may send. */
const aName = fc.oneof(
  fc.string({ unit: fc.constantFrom('a', 'b', '_', '-', '.', '1', 'é'), minLength: 1, maxLength: 5 }),
  fc.string({ unit: 'binary' }),
  fc.string({ unit: fc.constantFrom('a', 'f', '0', '_'), minLength: 9, maxLength: 14 }),
  fc.string({ unit: fc.constantFrom('a', '_'), minLength: 50, maxLength: 90 }),
  fc.constantFrom('', '.', '..', '__proto__', '../x', '\ud800', '\udfff', '\u0000'),
);
const aPair = fc.tuple(aName, aName);

describe('toOperationId', () => {
  it.each([
    ['filesystem', 'read_file', 'filesystem_read_file'],
    ['my-files', 'read_file', 'my__files_read_file'],
    ['context7', 'resolve-library-id', 'context7_resolve__library__id'],
    ['7zip', 'list', '_7zip_list'],
    ['fs', 'get_statistics', 'fs_get_statistics'],
  ])('keeps %s / %s readable as %s', (server, tool, id) => {
    expect(toOperationId(server, tool)).toBe(id);
  });

  it.each([
    ['my_files', 'read'],
    ['fs', 'a__b'],
    ['fs', 'a-_b'],
    ['fs', '_a'],
    ['fs', '-a'],
    ['fs', 'a.b'],
    ['fs', 'größe'],
    ['fs', 'x_0123456789'],
    ['fs', 'x'.repeat(62)],
    ['', ''],
  ])('adds a hash for %s / %s', (server, tool) => {
    expect(toOperationId(server, tool)).toMatch(HASHED);
  });

  it('does not change between releases', () => {
    expect(toOperationId('my_files', 'read')).toBe('my_files_read_98143d445a');
  });

  it('always fits what OpenAI, Gemini and swagger-client take', () => {
    fc.assert(
      fc.property(aPair, ([server, tool]) => ID.test(toOperationId(server, tool))),
      { numRuns: 2000 },
    );
    expect(toOperationId('s', 'x'.repeat(10_000))).toMatch(ID);
  });

  it('[fault 47] [fault 114] never gives two tools the same id', () => {
    fc.assert(
      fc.property(fc.array(aPair, { minLength: 2, maxLength: 60 }), (pairs) => {
        const different = new Set(pairs.map((pair) => JSON.stringify(pair)));
        const ids = new Set(pairs.map(([server, tool]) => toOperationId(server, tool)));
        expect(ids.size).toBe(different.size);
      }),
      { numRuns: 1000 },
    );
  });

  it('never gives two short names the same id', () => {
    const names = ['a', 'b', '_', '-', '1'];
    const words = names.flatMap((x) => [x, ...names.flatMap((y) => [x + y, ...names.map((z) => x + y + z)])]);
    const ids = new Map<string, string>();
    for (const server of words) {
      for (const tool of words) {
        const id = toOperationId(server, tool);
        expect(ids.get(id)).toBeUndefined();
        ids.set(id, `${server} ${tool}`);
      }
    }
    expect(ids.size).toBe(words.length ** 2);
  });

  it('does not let a plain name take the id of a hashed one', () => {
    const hashed = toOperationId('a', 'b.c');
    expect(hashed).toMatch(/^a_b_c_[0-9a-f]{10}$/);
    expect(toOperationId('a', hashed.slice(2))).not.toBe(hashed);
  });
});

describe('toPathSegment', () => {
  it.each(['', '.', '..', '\ud800', 'x\udc00', 'é'.repeat(MAX_SEGMENT_CHARS / 6 + 1)])(
    'refuses what cannot arrive in a URL (case %#)',
    (tool) => {
      expect(toPathSegment(tool)).toMatchObject({ kind: 'unusable', reason: expect.stringMatching(/./) });
    },
  );

  it('[fault 47] survives a URL parser and leads back to the name', () => {
    fc.assert(
      fc.property(aName, (tool) => {
        const place = toPathSegment(tool);
        if (place.kind === 'unusable') return;
        const { pathname } = new URL(`/api/fs/${place.segment}`, 'http://gateway.test');
        expect(pathname.split('/')).toHaveLength(4);
        expect(decodeURIComponent(pathname.slice('/api/fs/'.length))).toBe(tool);
        expect(place.segment).not.toMatch(/[{}]/);
      }),
      { numRuns: 1000 },
    );
  });
});
