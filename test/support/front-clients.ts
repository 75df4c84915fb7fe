/** One client for each front, reduced to what the policies promise to all of them alike: call a tool, as somebody. */
import { ModernClient } from './modern-client.ts';
import { BareSseClient } from './sse-client.ts';
import { StreamableClient } from './streamable-client.ts';

export const FRONTS = ['sse', 'streamable', 'stateless', 'rest'] as const;
export type Front = (typeof FRONTS)[number];

export interface FrontClient {
  /** The text that a tool answers with; rejects with the error in words. */
  text(tool: string, args?: object): Promise<string>;
  close(): void;
}

export interface FrontOptions {
  readonly headers?: Readonly<Record<string, string>>;
  /** What the client declares that it can be asked. */
  readonly capabilities?: object;
}

let lastSession = 0;

export async function openFront(
  front: Front,
  gateway: { readonly url: string; readonly port: number },
  server: string,
  { headers = {}, capabilities = {} }: FrontOptions = {},
): Promise<FrontClient> {
  if (front === 'rest') {
    const answers = Object.keys(capabilities).join(' ');
    const prefer = answers === '' ? {} : { prefer: `input-required="${answers}"` };
    return restClient(`${gateway.url}/api/${server}`, { ...headers, ...prefer });
  }
  if (front === 'sse') {
    const client = await BareSseClient.initialized(`${gateway.url}/${server}`, capabilities, headers);
    return { text: (tool, args) => client.callTool(tool, args), close: () => client.close() };
  }
  if (front === 'streamable') {
    const client = await StreamableClient.open(gateway.port, `/${server}`, { capabilities, headers });
    return {
      text: (tool, args) => client.text(tool, args),
      close: () =>
        void client
          .end()
          .done()
          .catch(() => undefined),
    };
  }
  const meta = { 'io.modelcontextprotocol/clientCapabilities': capabilities };
  const client = new ModernClient(gateway.port, `/${server}`, { headers, meta });
  return { text: (tool, args) => client.text(tool, args), close: () => undefined };
}

function restClient(base: string, headers: Readonly<Record<string, string>>): FrontClient {
  lastSession += 1;
  const session = `front-${lastSession}`;
  return {
    text: async (tool, args = {}) => {
      const response = await fetch(`${base}/${tool}?sessionId=${session}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', connection: 'close', ...headers },
        body: JSON.stringify(args),
      });
      const body = (await response.json()) as { code?: string; content?: { text: string }[] };
      if (response.status !== 200) throw new Error(`${response.status} ${body.code}`);
      return body.content?.[0]?.text ?? '';
    },
    close: () => undefined,
  };
}
