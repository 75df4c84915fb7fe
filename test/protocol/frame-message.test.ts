import { type Arbitrary, array, assert, constantFrom, oneof, property, tuple } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Frame, type Peer, type Scan, type Span, scanFrame } from '../../src/protocol/frame.ts';
import { bodyHasTwice, bodyLookalikes, bodyMember, metaMember } from '../../src/protocol/frame-members.ts';
import { findMember, hasTwice, members as membersOf } from '../../src/protocol/json-member.ts';
import { blanks, parsed, spelled, stringText, valueText } from './json-texts.ts';

const NAMES = ['jsonrpc', 'id', 'method', 'params', 'result', 'error'];

type Message = Readonly<Record<string, unknown>>;

function isObject(value: unknown): value is Message {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isId(id: unknown): boolean {
  return typeof id === 'string' || typeof id === 'number';
}

/** The rules once more, over what JSON.parse makes of the message. */
function kindOf(message: unknown): Frame['kind'] | 'shape' | 'id' {
  if (!isObject(message) || message['jsonrpc'] !== '2.0') return 'shape';
  const has = (name: string): boolean => Object.hasOwn(message, name);
  if (has('method')) {
    if (typeof message['method'] !== 'string' || has('result') || has('error')) return 'shape';
    if (has('params') && (typeof message['params'] !== 'object' || message['params'] === null))
      return 'shape';
    if (!has('id')) return 'notification';
    return isId(message['id']) ? 'request' : 'id';
  }
  if (has('result') === has('error')) return 'shape';
  if (has('result')) return has('id') ? (isId(message['id']) ? 'response' : 'id') : 'shape';
  if (!isObject(message['error'])) return 'shape';
  return !has('id') || message['id'] === null || isId(message['id']) ? 'error' : 'id';
}

function valueAt(bytes: Buffer, span: Span | undefined): unknown {
  return span === undefined ? undefined : JSON.parse(bytes.toString('utf8', span.start, span.end));
}

function expectLikeParsed(scan: Scan, message: unknown): void {
  const kind = kindOf(message);
  expect(scan.ok ? scan.frame.kind : scan.why).toBe(kind);
  if (!scan.ok || !isObject(message)) return;
  const { bytes, method, id, body, meta } = scan.frame;
  const bodyName = scan.frame.method !== undefined ? 'params' : kind === 'response' ? 'result' : 'error';
  expect(method).toBe(message['method']);
  expect(valueAt(bytes, id)).toEqual(message['id'] ?? undefined);
  expect(valueAt(bytes, body)).toEqual(message[bodyName]);
  const inner = message[bodyName];
  const expected =
    isObject(inner) && bodyName !== 'error' && isObject(inner['_meta']) ? inner['_meta'] : undefined;
  expect(valueAt(bytes, meta)).toEqual(expected);
  expect(bytes.includes('\n') || bytes.includes('\r')).toBe(false);
  expect(JSON.parse(bytes.toString())).toEqual(message);
  expectNoted(scan.frame);
}

/** What was noted in passing is what a second look finds. */
function expectNoted(frame: Frame): void {
  const { bytes, body, meta } = frame;
  for (const name of ['_meta', 'requestId', 'name', 'progressToken', 'other']) {
    expect(bodyMember(frame, name)).toEqual(body && findMember(bytes, body, name));
    expect(metaMember(frame, name)).toEqual(meta && findMember(bytes, meta, name));
    expect(bodyHasTwice(frame, name)).toBe(body !== undefined && hasTwice(bytes, body, name));
    const alike = body === undefined ? [] : membersOf(bytes, body).map(({ key }) => key);
    expect(bodyLookalikes(frame, name)).toEqual(
      alike.filter((key) => key.toLowerCase() === name.toLowerCase()),
    );
  }
}

/** The decoded name and the text of the whole member. */
type MemberText = readonly [name: string, text: string];

function memberOf(names: readonly string[], value: Arbitrary<string>): Arbitrary<MemberText> {
  return constantFrom(...names).chain((name) =>
    tuple(blanks, spelled(name), blanks, blanks, value, blanks).map(
      ([before, key, a, b, text, after]): MemberText => [name, `${before}${key}${a}:${b}${text}${after}`],
    ),
  );
}

function objectOf(member: Arbitrary<MemberText>, maxLength: number): Arbitrary<string> {
  return array(member, { maxLength }).map((all) => `{${all.map(([, text]) => text).join(',')}}`);
}

const meta = objectOf(memberOf(['progressToken', 'other'], valueText), 3);
const body = objectOf(memberOf(['_meta', 'requestId', 'name', '_metaa', '_met'], oneof(meta, valueText)), 4);
const likely = oneof(
  constantFrom('"2.0"', '"2.\\u0030"', '1', '"a"', 'null', '"notifications/cancelled"'),
  body,
  valueText,
);
const rest = array(memberOf([...NAMES, ...NAMES, 'other', 'methods', 'i'], likely), { maxLength: 4 });
const opening = constantFrom<MemberText[]>(
  [],
  [['jsonrpc', '"jsonrpc":"2.0"']],
  [
    ['jsonrpc', '"jsonrpc":"2.0"'],
    ['method', '"method":"tools/call"'],
  ],
  [
    ['jsonrpc', '"jsonrpc":"2.0"'],
    ['id', '"id":"7"'],
  ],
);
const message = tuple(opening, rest).map(([first, more]) => [...first, ...more]);

function bytesOf(members: readonly MemberText[]): Buffer {
  return Buffer.from(` {${members.map(([, text]) => text).join(',')}}\n`);
}

describe('a message is what JSON.parse says it is', () => {
  it('from a server, where the last of repeated members counts', () => {
    assert(
      property(message, (members) => {
        const bytes = bytesOf(members);
        const value = parsed(bytes)?.value;
        expectLikeParsed(scanFrame(bytes, 'server'), value);
      }),
      { numRuns: 5000 },
    );
  });

  it('from a client, where a repeated member is refused', () => {
    assert(
      property(message, (members) => {
        const bytes = bytesOf(members);
        const value = parsed(bytes)?.value;
        const names = members.map(([name]) => name).filter((name) => NAMES.includes(name));
        const scan = scanFrame(bytes, 'client');
        if (new Set(names).size < names.length) expect(scan).toMatchObject({ ok: false, why: 'duplicate' });
        else if (scan.ok || scan.why !== 'duplicate') expectLikeParsed(scan, value);
        else expect(/_meta|requestId|progressToken|\\u/.test(bytes.toString())).toBe(true);
      }),
      { numRuns: 5000 },
    );
  });

  it('with more members than are noted', () => {
    const names = Array.from({ length: 40 }, (_, index) => `"m${index % 30}":{"n":${index}}`);
    const text = `{"jsonrpc":"2.0","method":"a","params":{${names.join(',')},"_meta":{${names.join(',')}}}}`;
    expectLikeParsed(scanFrame(Buffer.from(text), 'server'), JSON.parse(text));
  });

  it('any text at all', () => {
    assert(
      property(valueText, constantFrom<Peer>('client', 'server'), (text, from) => {
        expectLikeParsed(scanFrame(Buffer.from(text), from), JSON.parse(text));
      }),
    );
  });

  it('with any method, whatever was scanned before', () => {
    assert(
      property(oneof(stringText, spelled('tools/call'), spelled('tools/list')), (method) => {
        const scan = scanFrame(Buffer.from(`{"jsonrpc":"2.0","method":${method}}`), 'client');
        expect(scan.ok && scan.frame.method).toBe(JSON.parse(method));
      }),
      { numRuns: 1000 },
    );
  });
});
