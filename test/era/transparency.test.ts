/** No number, key order or unknown member changes on its way, in any combination of eras and in both directions. */
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fixture, runs, startGateway, type TestGateway } from '../support/gateway.ts';
import { ENVELOPE, legacyClient, modernClient, type RawClient } from './raw-clients.ts';
import { rawJson } from './raw-json.ts';

const RUNS = { numRuns: 40 };
const sent = rawJson({ lineBreaks: true });
/** A server's line has no line breaks. */
const said = rawJson({ lineBreaks: false });
const CAPABILITY_KEY = '"io.modelcontextprotocol/clientCapabilities"';

let gateway: TestGateway;

beforeAll(async () => {
  gateway = await startGateway({
    auth: { bearer: { tokens: [{ name: 'ada', token: 'token-of-ada' }] } },
    servers: {
      legacy: runs(fixture('verbatim-server.mjs')),
      modern: runs(fixture('verbatim-server.mjs'), '--modern'),
    },
  });
});
afterAll(() => gateway.stop());

describe.each([
  { era: 'legacy', server: 'legacy' },
  { era: 'legacy', server: 'modern' },
  { era: 'modern', server: 'legacy' },
  { era: 'modern', server: 'modern' },
] as const)('a $era client on a $server server', ({ era, server }) => {
  let client: RawClient;

  beforeAll(async () => {
    const open = era === 'legacy' ? legacyClient : modernClient;
    client = await open(gateway.port, `/${server}`, 'token-of-ada');
  });

  it('leaves a request as it was written', async () => {
    const parts = fc.tuple(sent.value, sent.members, sent.members, sent.members, sent.blank);
    await fc.assert(
      fc.asyncProperty(parts, async ([args, inParams, inMeta, atTop, space]) => {
        const front = `"method":"tools/call",${space}${atTop},"params":{"name":"line",${inParams},"arguments":{"v":${args}},"_meta":${space}{`;
        const last = `,${space}"x-last":1.0`;
        const back = `}${space}}`;
        const whole = request(`${front}${inMeta}`, `${last}${back}`);
        const line = lineIn(await client.call('line', whole));
        const kept = flat(`{"jsonrpc":"2.0","id":ID,${front}${inMeta}`);
        const end = flat(`${last}${back}}`);
        if (era === 'legacy' && server === 'legacy') expect(line).toBe(`${kept}${end}`);
        // With the envelope goes the space that followed it.
        else if (server === 'legacy') expect(line).toBe(`${kept},"x-last":1.0${flat(`${back}}`)}`);
        else if (era === 'modern') expect(line).toBe(`${kept},${ENVELOPE}${end}`);
        else {
          expect(line.startsWith(`${kept}${flat(last)},"io.modelcontextprotocol/`)).toBe(true);
          expect(line.endsWith(flat(`${back}}`))).toBe(true);
          expect(line).toContain(CAPABILITY_KEY);
        }
      }),
      RUNS,
    );
  });

  it('leaves a result as it was written', async () => {
    const parts = fc.tuple(said.members, said.members, said.value);
    await fc.assert(
      fc.asyncProperty(parts, async ([inResult, inMeta, data]) => {
        const front = `"content":[{"type":"text","text":"\\u0041","x":${data}}],${inResult},"structuredContent":{"v":${data}},"_meta":{`;
        const back = `${inMeta}},"x-last":1.0}`;
        const type = server === 'modern' ? '"resultType":"complete",' : '';
        const [answer = ''] = await client.call('result', telling('result', `{${type}${front}${back}`));
        if (era === server) expect(answer).toContain(`"result":{${type}${front}${back}}`);
        else if (era === 'legacy') expect(answer).toContain(`"result":{${front}${back}}`);
        else {
          expect(answer).toContain(`"resultType":"complete",${front}"io.modelcontextprotocol/serverInfo":`);
          expect(answer).toContain(`,${back}}`);
        }
      }),
      RUNS,
    );
  });

  it('leaves an error as it was written', async () => {
    await fc.assert(
      fc.asyncProperty(said.members, said.value, async (members, data) => {
        const error = `{"code":-32000,"message":"\\u0041",${members},"data":${data}}`;
        const [answer = ''] = await client.call('error', telling('error', error));
        expect(answer).toContain(`"error":${error}}`);
      }),
      RUNS,
    );
  });

  it('leaves a notification as it was written', async () => {
    await fc.assert(
      fc.asyncProperty(said.members, async (members) => {
        const text = `"progress":1.0,${members}`;
        const token = `${members.length}.0`;
        const messages = await client.call(
          'progress',
          telling('progress', text, `"progressToken":"${token}"`),
        );
        expect(messages[0]).toBe(
          `{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":"${token}",${text}}}`,
        );
      }),
      RUNS,
    );
  });

  it('leaves a question and its answer as they were written', async () => {
    await fc.assert(
      fc.asyncProperty(said.members, sent.members, async (members, inAnswer) => {
        const question = `{"message":"\\u0041","requestedSchema":{"type":"object","properties":{}},${members}}`;
        const answer = `{"action":"accept",${inAnswer},"content":{"n":1.0}}`;
        const ask = telling('ask', question);
        const messages = await client.ask(ask, (text) => {
          expect(text).toContain(`"method":"elicitation/create","params":${question}}`);
          if (era === 'legacy') return `{"jsonrpc":"2.0","id":${JSON.parse(text).id},"result":${answer}}`;
          const { inputRequests, requestState } = JSON.parse(text).result;
          const [key] = Object.keys(inputRequests);
          const retry = `,"inputResponses":{"${key}":${answer}},"requestState":${JSON.stringify(requestState)}}}`;
          return `${ask.slice(0, -2)}${retry}`;
        });
        expect(lineIn(messages)).toContain(
          server === 'legacy' ? `"result":${flat(answer)}}` : `"inputResponses":{"q":${flat(answer)}}`,
        );
      }),
      RUNS,
    );
  });

  /** A call whose `_meta`, the last member, is open between the two texts. */
  function request(front: string, back: string): string {
    return `{"jsonrpc":"2.0","id":9007199254740993,${front}${era === 'modern' ? `,${ENVELOPE}` : ''}${back}}`;
  }

  function telling(tool: string, text: string, meta = '"x-m":1.0'): string {
    const call = `"method":"tools/call","params":{"name":"${tool}","arguments":{"text":${JSON.stringify(text)}},"_meta":{${meta}`;
    return request(call, '}}');
  }
});

/** Line breaks between tokens become spaces on stdio. */
function flat(text: string): string {
  return text.replaceAll(/[\r\n]/g, ' ');
}

/** The line that the server says it received, without the gateway's id. */
function lineIn(messages: readonly string[]): string {
  const { result } = JSON.parse(messages.at(-1) ?? '{}');
  return (result.content[0].text as string).replace(/"id":(\d+|"q\d+")/, '"id":ID');
}
