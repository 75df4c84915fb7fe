/** A proxy as operators put one before the gateway: it takes a prefix off the path, and may say that it forwards. */
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Proxy extends AsyncDisposable {
  readonly url: string;
}

export async function startProxy(
  port: number,
  prefix: string,
  headers: Record<string, string> = {},
): Promise<Proxy> {
  const server = createServer((incoming, answer) => {
    if (incoming.url?.startsWith(`${prefix}/`) !== true) return void answer.writeHead(404).end();
    const onward = request({
      port,
      host: '127.0.0.1',
      method: incoming.method,
      path: incoming.url.slice(prefix.length),
      headers: { ...incoming.headers, ...headers },
    });
    onward.on('response', (from) => {
      answer.writeHead(from.statusCode ?? 502, from.headers);
      from.pipe(answer);
    });
    onward.on('error', () => answer.destroy());
    incoming.pipe(onward);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}${prefix}`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
