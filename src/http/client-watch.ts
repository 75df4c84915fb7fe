/**
 * Tells whoever waits for an answer that its client has gone. One listener for each connection instead of one for each
 * response: the latter, taken away again with every answer, made garbage that survived.
 */
import type { Socket } from 'node:net';
import type { FastifyReply } from 'fastify';
import { LinkedList, type Place } from '../util/linked-list.ts';

export interface ClientWatcher {
  /** The connection has closed. */
  clientGone(): void;
}

/** What ends a watch. */
export interface ClientWatch {
  readonly connection: LinkedList<ClientWatcher>;
  readonly place: Place<ClientWatcher>;
}

/** Requests may be pipelined, so a connection can have several. */
const connections = new WeakMap<Socket, LinkedList<ClientWatcher>>();

/** The watcher is told at most once, and never after `unwatchClient`. */
export function watchClient(reply: FastifyReply, watcher: ClientWatcher): ClientWatch {
  const { socket } = reply.request.raw;
  const connection = connections.get(socket) ?? open(socket);
  return { connection, place: connection.add(watcher) };
}

/** Safe to call again. */
export function unwatchClient({ connection, place }: ClientWatch): void {
  connection.remove(place);
}

function open(socket: Socket): LinkedList<ClientWatcher> {
  const watchers = new LinkedList<ClientWatcher>();
  connections.set(socket, watchers);
  socket.once('close', () => {
    for (let next = watchers.firstPlace; next !== undefined; next = watchers.firstPlace) {
      watchers.remove(next);
      next.item.clientGone();
    }
  });
  return watchers;
}
