/** Clients that do not speak HTTP well, or not at all. None of them may hear anything, or keep others from being heard. */
import { connect, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { resetSocket } from '../exchange.ts';
import { Ear } from '../nonce.ts';
import type { Scene } from './scene.ts';

/** Kinds of rubbish with their weights; each resolves when its connection is closed. */
export async function rubbishClient(scene: Scene): Promise<void> {
  const kinds: readonly (readonly [number, (scene: Scene) => Promise<void>])[] = [
    [2, noise],
    [3, malformed],
    [2, halfARequest],
    [2, hugeBody],
    [1, connectAndReset],
    [2, wrongCredentials],
    [3, pipelined],
    [2, streamAndVanish],
  ];
  for (let left = scene.random.between(1, 5); left > 0 && !scene.over; left -= 1) {
    await scene.random.weighted(kinds)(scene);
    await scene.pause(0, 50);
  }
}

/** A rubbish client does not wait longer than that for anything. */
const PATIENCE_MS = 2000;

class RawConnection {
  readonly socket: Socket;
  heard = '';
  readonly closed: Promise<void>;

  constructor(scene: Scene) {
    const { port, client } = scene.options;
    const ear = new Ear((nonce, owner) => {
      if (owner !== client) scene.violate(`a raw connection brought ${nonce}, which is not its own`);
    });
    this.socket = connect({ port, host: '127.0.0.1' });
    this.socket.setEncoding('latin1');
    this.socket.on('data', (text: string) => {
      this.heard += text;
      ear.hear(text);
    });
    this.socket.on('error', () => undefined);
    this.closed = new Promise((resolve) => {
      this.socket.on('close', () => resolve());
    });
  }

  /** Resolves when it is closed, or when `holds`, or after a while. */
  async until(holds: () => boolean = () => false): Promise<void> {
    const deadline = performance.now() + PATIENCE_MS;
    while (!holds() && !this.socket.destroyed && performance.now() < deadline) await delay(10);
  }

  async reset(): Promise<void> {
    resetSocket(this.socket);
    await this.closed;
  }
}

async function noise(scene: Scene): Promise<void> {
  scene.ledger.fault('client sends noise');
  const connection = new RawConnection(scene);
  connection.socket.write(scene.random.bytes(scene.random.between(1, 4000)));
  await connection.until();
  await connection.reset();
}

async function malformed(scene: Scene): Promise<void> {
  scene.ledger.fault('client sends malformed HTTP');
  const { name } = scene.server;
  const connection = new RawConnection(scene);
  connection.socket.write(
    scene.random.pick([
      `POST /${name} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello`,
      `POST /${name} HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\nzz\r\n`,
      `POST /${name} HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\nx`,
      `GET /${name} HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n`,
      `GET /${name} HTTP/9.9\r\n\r\n`,
      `GET http://elsewhere.example/${name} HTTP/1.1\r\nHost: localhost\r\n\r\n`,
      `GET /${'%2e%2e/'.repeat(20)}etc/passwd HTTP/1.1\r\nHost: localhost\r\n\r\n`,
      `GET /${name} HTTP/1.1\r\nHost: localhost\r\nX-Large: ${'x'.repeat(40_000)}\r\n\r\n`,
      `PUT /${name} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n`,
      'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
    ]),
  );
  await connection.until(() => connection.heard.includes('\r\n\r\n'));
  if (/^HTTP\/1\.1 (2|500)/.test(connection.heard))
    scene.violate(`malformed HTTP was answered with ${connection.heard.slice(0, 60)}`);
  await connection.reset();
}

/** Stops in the middle of the head or the body, and then goes in one of the ways there are. */
async function halfARequest(scene: Scene): Promise<void> {
  scene.ledger.fault('client sends half a request');
  const text = requestText(scene, '{"jsonrpc":"2.0","id":1,"method":"ping"}');
  const connection = new RawConnection(scene);
  connection.socket.write(text.slice(0, scene.random.between(1, text.length - 1)));
  await scene.pause(0, 300);
  if (scene.random.chance(0.5)) connection.socket.end();
  else await connection.reset();
  await connection.until();
  await connection.reset();
}

async function hugeBody(scene: Scene): Promise<void> {
  scene.ledger.fault('client sends a huge body');
  const connection = new RawConnection(scene);
  const piece = 'x'.repeat(65_536);
  connection.socket.write(requestText(scene, '', 64 * piece.length));
  for (let left = 64; left > 0 && !connection.socket.destroyed && connection.heard === ''; left -= 1) {
    connection.socket.write(piece);
    await delay(1);
  }
  await connection.until(() => connection.heard !== '');
  if (/^HTTP\/1\.1 (2|500)/.test(connection.heard))
    scene.violate(`a huge body was answered with ${connection.heard.slice(0, 60)}`);
  await connection.reset();
}

async function connectAndReset(scene: Scene): Promise<void> {
  scene.ledger.fault('client connects and resets');
  const connections = Array.from({ length: 10 }, () => new RawConnection(scene));
  await Promise.all(connections.map((connection) => connection.reset()));
}

async function wrongCredentials(scene: Scene): Promise<void> {
  scene.ledger.fault('client guesses credentials');
  const authorization = scene.random.pick([
    'Bearer wrong',
    'Basic d3Jvbmc6d3Jvbmc=',
    'Bearer ',
    'Negotiate abc',
    'basic',
  ]);
  const exchange = scene.send({
    path: `/${scene.server.name}`,
    headers: { authorization, 'content-type': 'application/json' },
    body: '{}',
  });
  const status = await exchange.head;
  if (status !== 401 && status !== 0 && status !== 429)
    scene.violate(`wrong credentials were answered with ${status}`);
  exchange.reset();
}

/** Several calls in one write: their answers come in order, each with its own nonce. */
async function pipelined(scene: Scene): Promise<void> {
  scene.ledger.fault('client pipelines');
  const nonces = Array.from({ length: scene.random.between(2, 5) }, () => scene.newNonce());
  const connection = new RawConnection(scene);
  const path = `/api/${scene.server.name}/echo?sessionId=pipelined-${scene.random.between(1, 5)}`;
  connection.socket.write(
    nonces.map((nonce) => requestText(scene, JSON.stringify({ text: nonce }), undefined, path)).join(''),
  );
  const heads = (): number => connection.heard.match(/HTTP\/1\.1 \d{3}/g)?.length ?? 0;
  await connection.until(() => heads() === nonces.length && connection.heard.includes(nonces.at(-1) ?? ''));
  const places = nonces.map((nonce) => connection.heard.indexOf(nonce)).filter((place) => place !== -1);
  if (places.some((place, index) => place < (places[index - 1] ?? 0)))
    scene.violate('pipelined calls were answered in another order');
  await connection.reset();
}

async function streamAndVanish(scene: Scene): Promise<void> {
  scene.ledger.fault('client opens a stream and vanishes');
  const exchange = scene.send({
    method: 'GET',
    path: `/${scene.server.name}`,
    headers: { accept: 'text/event-stream' },
  });
  await scene.pause(0, 100);
  exchange.reset();
}

function requestText(scene: Scene, body: string, length = Buffer.byteLength(body), path?: string): string {
  const headers = {
    host: 'localhost',
    'content-type': 'application/json',
    accept: 'application/json, text/event-stream',
    'content-length': String(length),
    ...scene.principal.headers,
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  return [`POST ${path ?? `/${scene.server.name}`} HTTP/1.1`, ...lines, '', body].join('\r\n');
}
