/** Arguments mirrored in `Mcp-Param-*` headers (2026-07-28 streamable HTTP). */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fixture, runs, startGateway, type TestGateway } from '../support/gateway.ts';
import { brief, ModernClient } from '../support/modern-client.ts';

const REGION = {
  name: 'region',
  inputSchema: {
    type: 'object',
    properties: {
      region: { type: 'string', 'x-mcp-header': 'Region' },
      count: { type: 'integer', 'x-mcp-header': 'Count' },
      dry: { type: 'boolean', 'x-mcp-header': 'Dry' },
      deep: { type: 'object', properties: { zone: { type: 'string', 'x-mcp-header': 'Zone' } } },
      // Not reached through properties alone: the annotation counts for nothing.
      list: { type: 'array', items: { type: 'string', 'x-mcp-header': 'Item' } },
    },
  },
};
const OK = { resultType: 'complete', content: [{ type: 'text', text: 'ok' }] };

let gateway: TestGateway;
let client: ModernClient;

beforeAll(async () => {
  const results = { 'tools/list': { resultType: 'complete', tools: [REGION] }, 'tools/call': OK };
  gateway = await startGateway({
    servers: { shop: runs(fixture('modern-scripted.mjs'), JSON.stringify(results)) },
  });
  client = new ModernClient(gateway.port, '/shop');
});
afterAll(() => gateway.stop());

const encoded = (text: string) => `=?base64?${Buffer.from(text).toString('base64')}?=`;

describe('[era 16] [fault 70] an argument that is to be mirrored', () => {
  it.each<[string, object, Record<string, string>]>([
    ['absent, header absent', {}, {}],
    ['null, header absent', { region: null }, {}],
    ['absent, header there all the same', {}, { 'Mcp-Param-Region': 'eu' }],
    ['a string', { region: 'eu' }, { 'Mcp-Param-Region': 'eu' }],
    ['a string, name in capitals, value padded', { region: 'eu' }, { 'MCP-PARAM-REGION': '  eu ' }],
    ['a string, encoded', { region: ' s\u00fcd ' }, { 'mcp-param-region': encoded(' s\u00fcd ') }],
    [
      'a string that looks encoded',
      { region: '=?base64?eu?=' },
      { 'mcp-param-region': encoded('=?base64?eu?=') },
    ],
    ['an integer', { count: 42 }, { 'mcp-param-count': '42' }],
    ['an integer with a fraction of nought', { count: 42 }, { 'mcp-param-count': '42.0' }],
    ['an integer that not every client holds exactly', { count: 1e20 }, {}],
    ['a boolean', { dry: false }, { 'mcp-param-dry': 'false' }],
    ['deep', { deep: { zone: 'a' } }, { 'mcp-param-zone': 'a' }],
    ['below an absent object', { deep: {} }, {}],
    ['in a list', { list: ['x'] }, {}],
    ['of a form no header has', { region: { a: 1 } }, {}],
  ])('is served: %s', async (_what, args, headers) => {
    expect(brief(await client.call('region', args, { headers }))).toBe('200');
  });

  it.each<[string, object, Record<string, string>]>([
    ['header absent', { region: 'eu' }, {}],
    ['header empty', { region: 'eu' }, { 'mcp-param-region': '' }],
    ['another string', { region: 'eu' }, { 'mcp-param-region': 'EU' }],
    ['badly encoded', { region: 'eu' }, { 'mcp-param-region': '=?base64?ZXU?=' }],
    ['a string that only looks like the number', { region: '42' }, { 'mcp-param-region': '42.0' }],
    ['another integer', { count: 42 }, { 'mcp-param-count': '43' }],
    ['no number', { count: 42 }, { 'mcp-param-count': '0x2a' }],
    ['a boolean in capitals', { dry: true }, { 'mcp-param-dry': 'True' }],
    ['deep, header absent', { deep: { zone: 'a' } }, {}],
  ])('is refused: %s', async (_what, args, headers) => {
    expect(brief(await client.call('region', args, { headers }))).toBe('400 -32020');
  });

  it('is nothing to a number as it stands in the text', async () => {
    const call = (text: string) => {
      const params = `{"name":"region","arguments":{"count":${text}},"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}}`;
      const headers = {
        'mcp-protocol-version': '2026-07-28',
        'mcp-method': 'tools/call',
        'mcp-name': 'region',
      };
      return client
        .post(`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":${params}}`, {
          ...headers,
          'mcp-param-count': '42',
        })
        .done();
    };
    expect((await call('42.0')).status).toBe(200);
    expect((await call('4.2e1')).status).toBe(200);
    expect((await call('42.5')).status).toBe(400);
  });
});
