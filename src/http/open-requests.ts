/**
 * Who is being answered at the moment, by connection: what it takes to cut off a caller whose credential was taken
 * away, whatever it waits for. Costs a request one look-up, a connection one small object.
 */
import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Principal } from '../auth/principal.ts';

export interface OpenRequest {
  readonly principal: Principal;
  /** It is being answered with an event stream, which may go on for ever. */
  readonly isStream: boolean;
}

interface Answering {
  response: ServerResponse;
  principal: Principal;
}

export class OpenRequests {
  /** Mostly one for each connection; more only while requests are pipelined. */
  readonly #bySocket = new Map<Socket, Answering[]>();

  /** `principal` was identified on the connection of this response. */
  add(response: ServerResponse, principal: Principal): void {
    const { socket } = response.req;
    const known = this.#bySocket.get(socket);
    if (known === undefined) {
      this.#bySocket.set(socket, [{ response, principal }]);
      socket.once('close', () => this.#bySocket.delete(socket));
      return;
    }
    for (const each of known) {
      if (!each.response.writableFinished) continue;
      each.response = response;
      each.principal = principal;
      return;
    }
    known.push({ response, principal });
  }

  /** Destroys the connections on which somebody is being answered who should not be. @returns how many there were */
  cut(shouldEnd: (request: OpenRequest) => boolean): number {
    let count = 0;
    for (const [socket, answering] of this.#bySocket) {
      const found = answering.some(
        ({ response, principal }) =>
          !response.writableFinished && shouldEnd({ principal, isStream: isStream(response) }),
      );
      if (!found) continue;
      count += 1;
      socket.destroy();
    }
    return count;
  }
}

/** Whatever else is answered is ended together with its head. */
function isStream(response: ServerResponse): boolean {
  return response.headersSent && !response.writableEnded;
}
