/** Which addresses and host names mean this machine. */
import { BlockList, isIP } from 'node:net';

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

/** Whether a socket's peer is on this machine; undefined, as for a socket already closed, is not. IPv4-mapped IPv6 counts as IPv4. */
export function isLoopbackAddress(address: string | undefined): boolean {
  if (address === undefined) return false;
  const family = isIP(address);
  return family !== 0 && loopback.check(address, family === 4 ? 'ipv4' : 'ipv6');
}

/**
 * Whether a host name without a port can only mean this machine: `localhost` and loopback addresses as literals. Not
 * `*.localhost` nor `127.1`: whether those stay here depends on the resolver.
 */
export function isLoopbackHostName(name: string): boolean {
  return name.toLowerCase() === 'localhost' || isLoopbackAddress(withoutBrackets(name));
}

/** An IPv4 address in four decimal parts, or an IPv6 address with or without brackets. */
export function isIpLiteral(name: string): boolean {
  return isIP(withoutBrackets(name)) !== 0;
}

function withoutBrackets(name: string): string {
  return name.startsWith('[') && name.endsWith(']') ? name.slice(1, -1) : name;
}
