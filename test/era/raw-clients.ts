/** Clients of both eras that send the JSON text they are given and show the text of every message that comes back. */
import { RawExchange } from '../support/raw-exchange.ts';
import { BOTH, StreamableClient } from '../support/streamable-client.ts';

const KEY = 'io.modelcontextprotocol/';
const CAPABILITIES = { elicitation: { form: {} } };
/** The members of `_meta` that a modern client needs, as JSON text. */
export const ENVELOPE = `"${KEY}protocolVersion":"2026-07-28","${KEY}clientCapabilities":${JSON.stringify(CAPABILITIES)}`;

export interface RawClient {
  readonly era: 'legacy' | 'modern';
  /** Posts one tools/call and resolves with every message of the answer, in order. */
  call(tool: string, text: string): Promise<string[]>;
  /** Posts it and hands over the question it leads to, as text; resolves with what came after `answer` was given. */
  ask(text: string, answer: (question: string) => string): Promise<string[]>;
}

export async function legacyClient(port: number, path: string, token: string): Promise<RawClient> {
  const headers = { authorization: `Bearer ${token}` };
  const client = await StreamableClient.open(port, path, { capabilities: CAPABILITIES, headers });
  return {
    era: 'legacy',
    call: async (_tool, text) => messagesOf(await done(client.post(text))),
    ask: async (text, answer) => {
      const raw = client.post(text);
      await raw.until(() => messagesOf(raw).length === 1);
      await client.post(answer(messagesOf(raw)[0] ?? '')).done();
      return messagesOf(await done(raw)).slice(1);
    },
  };
}

export function modernClient(port: number, path: string, token: string): RawClient {
  const call = async (tool: string, body: string): Promise<string[]> => {
    const headers = {
      authorization: `Bearer ${token}`,
      accept: BOTH,
      'mcp-protocol-version': '2026-07-28',
      'mcp-method': 'tools/call',
      'mcp-name': tool,
    };
    return messagesOf(await done(new RawExchange(port, { path, headers, body })));
  };
  return {
    era: 'modern',
    call,
    ask: async (text, answer) => call('ask', answer((await call('ask', text))[0] ?? '')),
  };
}

async function done(raw: RawExchange): Promise<RawExchange> {
  await raw.done();
  return raw;
}

/** The text of each message so far; a JSON answer has one. */
function messagesOf(raw: RawExchange): string[] {
  const isStream = raw.raw.includes('content-type: text/event-stream');
  const texts = isStream ? raw.events.map(({ data }) => data) : [raw.body];
  // A stream may begin with an event that has no data.
  return texts.filter((text) => text !== '');
}
