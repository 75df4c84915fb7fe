/** Calls of tools, one of which each client makes at random: what they ask for, and what must come back. */
import { nonceIn } from './nonce.ts';
import type { Random } from './random.ts';
import type { Program } from './servers.ts';

export interface ToolCall {
  readonly kind: string;
  readonly tool: string;
  readonly args: Readonly<Record<string, unknown>>;
  /** Whether a result without the nonce is a broken promise; else it may be one that says why not. */
  readonly echoes: boolean;
  /** Whether the server asks something first. */
  readonly asks?: true;
  /** Whether it takes a while, so that something can happen meanwhile. */
  readonly takesTime?: true;
  /** What it does to its server. */
  readonly fault?: string;
}

type Make = (nonce: string, random: Random) => ToolCall;

/** A call that a client makes of a server; undefined for programs that have none of the kind. */
export type CallMaker = (program: Program, nonce: string, random: Random) => ToolCall | undefined;

/** What a result asks, by keys (2026-07-28 mrtr). */
export type Questions = Readonly<Record<string, { readonly method: string; readonly params?: object }>>;

const echo: Make = (nonce) => ({ kind: 'echo', tool: 'echo', args: { text: nonce }, echoes: true });

const raw: Make = (nonce) => ({ kind: 'raw', tool: 'raw', args: { text: nonce }, echoes: true });

const progress: Make = (nonce, random) => ({
  kind: 'progress',
  tool: 'progress',
  args: { steps: random.between(1, 5), text: nonce },
  echoes: true,
});

const beat: Make = (nonce, random) => ({
  kind: 'beat',
  tool: 'beat',
  args: { ms: random.between(5, 60), steps: random.between(1, 8), text: nonce },
  echoes: true,
  takesTime: true,
});

const sleep: Make = (nonce, random) => ({
  kind: 'sleep',
  tool: 'sleep',
  args: { ms: random.between(20, 400), text: nonce },
  echoes: true,
  takesTime: true,
});

/** Answers without it, and says it in a log line instead. */
const log: Make = (nonce) => ({
  kind: 'log',
  tool: 'log',
  args: { text: nonce, level: 'warning' },
  echoes: false,
});

const big: Make = (nonce, random) => ({
  kind: 'big',
  tool: 'big',
  args: { bytes: random.between(1, 3) * 400_000, text: nonce },
  echoes: true,
});

const notify: Make = (nonce) => ({
  kind: 'notify',
  tool: 'notify',
  args: { method: 'notifications/chaos', params: { text: nonce } },
  echoes: false,
});

const refuse: Make = (nonce) => ({
  kind: 'refuse',
  tool: 'refuse',
  args: { code: -32055, message: nonce },
  echoes: false,
});

const ask: Make = (nonce, random) => ({
  kind: 'ask',
  tool: 'ask',
  args: { ...question(nonce, random), stringId: random.chance(0.3) },
  echoes: false,
  asks: true,
  takesTime: true,
});

const modernAsk: Make = (nonce, random) => ({
  kind: 'ask',
  tool: 'ask',
  args: {
    inputRequests: Object.fromEntries(
      Array.from({ length: random.between(1, 2) }, (_, n) => [`q${n}`, question(nonce, random)]),
    ),
    rounds: random.between(1, 2),
  },
  echoes: false,
  asks: true,
  takesTime: true,
});

const crash: Make = () => ({
  kind: 'crash',
  tool: 'crash',
  args: { code: 3 },
  echoes: false,
  fault: 'server crashes mid-call',
});

/** Answers that nobody waits for, numbers that were never given out, and no JSON at all. */
const write: Make = (nonce, random) => ({
  kind: 'write',
  tool: 'write',
  args: {
    raw: random.pick([
      `no JSON ${nonce}\n`,
      `{"jsonrpc":"2.0","id":987654321,"result":{"text":"${nonce}"}}\n`,
      `{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":987654321,"progress":1,"message":"${nonce}"}}\n`,
      `{"jsonrpc":"2.0","id":"${nonce}","method":"roots/list"}\n`,
      `${'['.repeat(5000)}\n`,
    ]),
  },
  echoes: false,
  fault: 'server writes a stray line',
});

const TEXT_CALLS: readonly (readonly [number, Make])[] = [
  [6, echo],
  [1, raw],
  [3, progress],
  [3, beat],
  [2, sleep],
  [2, log],
  [1, refuse],
];
const MAKERS: Readonly<Record<Program, readonly (readonly [number, Make])[]>> = {
  hostile: [...TEXT_CALLS, [1, big], [1, notify], [3, ask], [0.3, crash], [0.7, write]],
  'modern-hostile': [...TEXT_CALLS, [3, modernAsk], [0.3, crash]],
  everything: [
    [
      1,
      (nonce) => ({
        kind: 'echo',
        tool: 'echo',
        args: { message: nonce },
        echoes: true,
      }),
    ],
  ],
  filesystem: [
    [
      1,
      (nonce) => ({
        kind: 'echo',
        tool: 'write_file',
        args: { path: `${nonce}.txt`, content: nonce },
        echoes: true,
      }),
    ],
  ],
  sdk: [
    [
      1,
      (nonce, random) => ({
        kind: 'progress',
        tool: 'progress',
        args: { steps: random.between(1, 5), label: nonce },
        echoes: true,
      }),
    ],
  ],
};

export function anyCall(program: Program, nonce: string, random: Random): ToolCall {
  return random.weighted(MAKERS[program])(nonce, random);
}

/** One during which something can be done; for programs that have none, any. */
export function longCall(program: Program, nonce: string, random: Random): ToolCall {
  if (program !== 'hostile' && program !== 'modern-hostile') return anyCall(program, nonce, random);
  return random.pick([beat, sleep])(nonce, random);
}

/** A log line after its answer: it names no call, and a process that several use must not tell it to any of them. */
export function lateLog(nonce: string, random: Random): ToolCall {
  const args = { text: nonce, level: 'warning', laterMs: random.between(5, 100) };
  return { kind: 'late log', tool: 'log', args, echoes: false };
}

/** An answer of which much has to be read. */
export function largeCall(program: Program, nonce: string, random: Random): ToolCall {
  return (program === 'hostile' ? big : (MAKERS[program][0]?.[1] ?? echo))(nonce, random);
}

/** One that asks; undefined for programs that do not. */
export function askingCall(program: Program, nonce: string, random: Random): ToolCall | undefined {
  if (program === 'hostile') return ask(nonce, random);
  return program === 'modern-hostile' ? modernAsk(nonce, random) : undefined;
}

function question(nonce: string, random: Random): { method: string; params: object } {
  const schema = { type: 'object', properties: { text: { type: 'string' } } };
  return random.pick([
    { method: 'elicitation/create', params: { message: nonce, requestedSchema: schema } },
    {
      method: 'sampling/createMessage',
      params: { messages: [{ role: 'user', content: { type: 'text', text: nonce } }], maxTokens: 10 },
    },
    { method: 'roots/list', params: { text: nonce } },
  ]);
}

/** What a client that plays by the rules answers, with the nonce of the question in it. */
export function answerTo(method: string, nonce: string): object {
  if (method === 'elicitation/create') return { action: 'accept', content: { text: nonce } };
  if (method === 'roots/list') return { roots: [{ uri: `file:///${nonce}` }] };
  return { role: 'assistant', model: 'none', content: { type: 'text', text: nonce } };
}

/** The same for all questions of one result, by their keys; `nonce` where a question has none. */
export function answersTo(requests: Questions, nonce: string): Readonly<Record<string, object>> {
  return Object.fromEntries(
    Object.entries(requests).map(([key, { method, params }]) => [
      key,
      answerTo(method, nonceIn(JSON.stringify(params ?? {})) ?? nonce),
    ]),
  );
}
