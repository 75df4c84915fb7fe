/** No question waits for ever, and what waits is bounded. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { WaitingRoom } from '../../src/fronts/mcp/waiting-room.ts';
import { ownFrame } from '../../src/instance/own-frame.ts';
import type { Message } from '../../src/protocol/message.ts';
import { toBuffers } from '../../src/protocol/payload.ts';
import { splice } from '../../src/protocol/splice.ts';
import type { Session } from '../../src/session/session.ts';

const WAIT_MS = 60_000;
const question = (id: number) => ownFrame(`{"jsonrpc":"2.0","id":${id},"method":"roots/list"}`);
const note = (text = 'x') =>
  ownFrame(`{"jsonrpc":"2.0","method":"notifications/message","params":{"data":"${text}"}}`);
const textOf = (data: readonly Buffer[]) => Buffer.concat(data).toString();

let answers: string[];
let room: WaitingRoom;

beforeEach(() => {
  vi.useFakeTimers();
  answers = [];
  const upstream = { answer: ({ frame, edits }: Message) => void answers.push(textOf(splice(frame, edits))) };
  room = new WaitingRoom({ upstream } as unknown as Session, WAIT_MS);
});
afterEach(() => vi.useRealTimers());

const add = (message: Message) => room.add(message, splice(message.frame, message.edits));
function leave(): string[] {
  const left: string[] = [];
  room.leave((data) => {
    left.push(textOf(toBuffers(data)));
    return 'sent';
  });
  return left;
}

describe('a question that waits', () => {
  it('is answered with -32603 when nobody came in time, each at its own', () => {
    add(question(1));
    vi.advanceTimersByTime(WAIT_MS / 2);
    add(question(2));
    vi.advanceTimersByTime(WAIT_MS / 2 - 1);
    expect(answers).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(answers.map((answer) => JSON.parse(answer))).toEqual([
      { jsonrpc: '2.0', id: 1, error: { code: -32603, message: expect.any(String) } },
    ]);
    vi.advanceTimersByTime(WAIT_MS);
    expect(answers).toHaveLength(2);
    expect(leave()).toEqual([]);
  });

  it('is handed over in its place, and its clock stops', () => {
    for (const message of [note('a'), question(1), note('b')]) expect(add(message)).toBe('sent');
    expect(leave().map((text) => JSON.parse(text).params?.data ?? JSON.parse(text).id)).toEqual([
      'a',
      1,
      'b',
    ]);
    expect(vi.getTimerCount()).toBe(0);
    vi.advanceTimersByTime(2 * WAIT_MS);
    expect(answers).toEqual([]);
  });

  it('leaves no timer behind when the session ends', () => {
    add(question(1));
    room.clear();
    expect(vi.getTimerCount()).toBe(0);
    expect(leave()).toEqual([]);
  });
});

describe('the room', () => {
  it('holds 1000 messages, and has room again when they left', () => {
    for (let n = 0; n < 1000; n += 1) expect(add(note())).toBe('sent');
    expect([add(note()), add(question(1))]).toEqual(['gone', 'gone']);
    expect(leave()).toHaveLength(1000);
    expect(add(note())).toBe('sent');
  });

  it('holds a mebibyte, whatever the number, and has room again when a question gave up', () => {
    const half = ownFrame(`{"jsonrpc":"2.0","id":1,"method":"a","params":{"x":"${'y'.repeat(600_000)}"}}`);
    expect([add(half), add(half)]).toEqual(['sent', 'gone']);
    vi.advanceTimersByTime(WAIT_MS);
    expect(answers).toHaveLength(1);
    expect(add(half)).toBe('sent');
    expect(add(note('small'))).toBe('sent');
  });
});
