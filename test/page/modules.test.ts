/** The parts of the page that decide something, over everything a server could have said. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

type Json = Record<string, unknown>;
const load = async <T>(name: string): Promise<T> =>
  (await import(new URL(`../../src/fronts/docs/page/${name}`, import.meta.url).href)) as T;
const { indentJson } = await load<{ indentJson: (text: string) => string }>('result.js');
const { toVisible } = await load<{ toVisible: (text: string) => string }>('plain-text.js');
const { toReadable, needsSession, serversOf } = await load<{
  toReadable: (document: Json, options: { root: string; sessionId: string | undefined }) => Json;
  needsSession: (document: Json) => boolean;
  serversOf: (document: Json) => string[];
}>('document.js');

describe('indenting JSON', () => {
  it('changes blanks between tokens, and nothing else', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 8 }), (text) => {
        const indented = indentJson(text);
        expect(JSON.parse(indented)).toEqual(JSON.parse(text));
        expect(JSON.stringify(JSON.parse(indented))).toBe(JSON.stringify(JSON.parse(text)));
      }),
    );
    expect(indentJson('{"n":9007199254740993,"f":1.0,"n":-1e400,"s":"\\u0041 { } , :\\""}')).toBe(
      '{\n  "n": 9007199254740993,\n  "f": 1.0,\n  "n": -1e400,\n  "s": "\\u0041 { } , :\\""\n}',
    );
    expect(indentJson('[{},[],[[1]]]')).toBe('[\n  {},\n  [],\n  [\n    [\n      1\n    ]\n  ]\n]');
  });

  it('stays in proportion to what came, however deep or long', () => {
    const deep = '['.repeat(100_000) + ']'.repeat(100_000);
    expect(indentJson(deep).length).toBeLessThan(deep.length * 100);
    const long = `[${'1,'.repeat(600_000)}1]`;
    expect(indentJson(long)).toBe(long);
  });
});

describe('text made visible', () => {
  it('has no character that nobody sees, and keeps all others', () => {
    const visible = (text: string) => toVisible(text).replaceAll(/[\t\n\u200c\u200d]|[\ufe00-\ufe0f]/g, '');
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(visible(text)).not.toMatch(/[\p{Cc}\p{Default_Ignorable_Code_Point}\p{Zl}\p{Zp}]/u);
        const kept = text.replaceAll(/[^\p{L}\p{N}\p{P}\p{S}]|\p{Default_Ignorable_Code_Point}/gu, '');
        for (const character of kept) expect(toVisible(text)).toContain(character);
      }),
    );
    expect(toVisible('naïve 日本 👩‍💻 ✌️ می‌خواهم\r\n\ttab')).toBe('naïve 日本 👩‍💻 ✌️ می‌خواهم\n\ttab');
  });
});

describe('a document made ready', () => {
  const parameter = (required: boolean) => ({
    name: 'sessionId',
    in: 'query',
    required,
    description: 'Its session.',
  });
  const document = (required: boolean): Json => ({
    servers: [{ url: 'https://public.example/gw/api/files' }],
    security: [{ bearer: [] }],
    tags: [{ name: 'sessions' }, { name: 'files' }],
    paths: {
      '/read': {
        servers: [{ url: 'https://public.example/gw' }],
        post: {
          security: [],
          parameters: [parameter(required)],
          responses: { '200': {}, '202': {}, '404': {}, default: {} },
        },
      },
    },
    components: { securitySchemes: { bearer: { type: 'http', scheme: 'bearer' } } },
  });

  it('calls the address of the page, signs in nowhere else, and knows its session', () => {
    const original = document(true);
    const before = structuredClone(original);
    expect(toReadable(original, { root: 'http://here:1/gw', sessionId: 'abc' })).toEqual({
      servers: [{ url: 'http://here:1/gw/api/files' }],
      tags: [{ name: 'files' }, { name: 'sessions' }],
      paths: {
        '/read': {
          servers: [{ url: 'http://here:1/gw' }],
          post: {
            parameters: [
              { ...parameter(true), example: 'abc', description: 'Filled in for you. Its session.' },
            ],
            responses: { '200': {}, '202': {} },
          },
        },
      },
      components: {},
    });
    expect(original).toEqual(before);
  });

  it('starts with what is optional left out, whatever example it has', () => {
    const prefer = {
      name: 'Prefer',
      in: 'header',
      example: 'wait=1',
      examples: { async: { value: 'respond-async' } },
    };
    const needed = { name: 'uri', in: 'query', required: true, example: 'file:///a' };
    const readable = toReadable(
      {
        paths: { '/read': { get: { parameters: [prefer, needed] } } },
        components: { parameters: { prefer } },
      },
      { root: 'http://here:1', sessionId: undefined },
    );
    expect(readable).toEqual({
      paths: { '/read': { get: { parameters: [{ name: 'Prefer', in: 'header' }, needed] } } },
      components: { parameters: { prefer: { name: 'Prefer', in: 'header' } } },
    });
  });

  it('asks for a session only where one is required', () => {
    expect([needsSession(document(true)), needsSession(document(false)), needsSession({})]).toEqual([
      true,
      false,
      false,
    ]);
  });

  it('finds the servers in the paths', () => {
    const paths = [
      '/api/sessionid',
      '/api/sessions/{sessionId}',
      '/api/files/read',
      '/api/files/write',
      '/api/git/log',
    ];
    expect(serversOf({ paths: Object.fromEntries(paths.map((path) => [path, {}])) })).toEqual([
      'files',
      'git',
    ]);
  });
});
