/**
 * How many connections there may be, in all and from one address. One more is closed at once, without an answer: what
 * it costs to say why is what is to be saved.
 */
import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { toAddressKey } from '../util/address-key.ts';

/** 0 is any number. */
export interface ConnectionLimits {
  readonly connections: number;
  readonly connectionsPerAddress: number;
}

/** `limits` are asked for with each connection, as they may change; `onRefused` is told which of them it was. */
export function limitConnections(
  server: Server,
  limits: () => ConnectionLimits,
  onRefused: (limit: keyof ConnectionLimits) => void,
): void {
  const ofAddress = new Map<string, number>();
  let all = 0;
  server.prependListener('connection', (socket: Socket) => {
    const { connections, connectionsPerAddress } = limits();
    const address = toAddressKey(socket.remoteAddress);
    const own = ofAddress.get(address) ?? 0;
    const exceeded =
      connections > 0 && all >= connections
        ? 'connections'
        : connectionsPerAddress > 0 && own >= connectionsPerAddress
          ? 'connectionsPerAddress'
          : undefined;
    if (exceeded !== undefined) {
      socket.destroy();
      return onRefused(exceeded);
    }
    all += 1;
    ofAddress.set(address, own + 1);
    socket.once('close', () => {
      all -= 1;
      const left = (ofAddress.get(address) ?? 1) - 1;
      if (left > 0) ofAddress.set(address, left);
      else ofAddress.delete(address);
    });
  });
}
