/**
 * Whether a request may come from where it says it comes: Host against DNS rebinding, Origin and Fetch metadata against other web
 * pages, forwarding headers against proxies that speak for strangers. Pure; every comparison is exact.
 */
import { isIPv6 } from 'node:net';
import { isIpLiteral, isLoopbackAddress, isLoopbackHostName } from './loopback.ts';

/** `name` in lower case, an IPv6 address without its brackets. */
export interface HostParts {
  readonly name: string;
  readonly port: number | undefined;
}

/** Hosts as they were parsed: nearly every request of a gateway names the same one. */
const parsedHosts = new Map<string, HostParts | undefined>();
const MAX_REMEMBERED_HOSTS = 64;

export function parseHost(header: string): HostParts | undefined {
  if (parsedHosts.has(header)) return parsedHosts.get(header);
  const parts = readHost(header);
  if (parsedHosts.size >= MAX_REMEMBERED_HOSTS) parsedHosts.clear();
  parsedHosts.set(header, parts);
  return parts;
}

/** Stricter than RFC 3986: no percent-encoding, no user information, no empty label, no empty port, no zone. */
function readHost(header: string): HostParts | undefined {
  const match = /^(?:\[([0-9A-Fa-f:.]{2,45})\]|([A-Za-z0-9_.-]{1,253}))(?::([0-9]{1,5}))?$/.exec(header);
  if (match === null) return undefined;
  const [, address, label, portText] = match;
  const name = (address ?? label ?? '').toLowerCase();
  const isWellFormed = address === undefined ? !name.startsWith('.') && !name.includes('..') : isIPv6(name);
  const port = portText === undefined ? undefined : Number(portText);
  return isWellFormed && (port === undefined || (port > 0 && port < 65_536)) ? { name, port } : undefined;
}

export interface HostQuestion {
  /** Every Host header, from the raw headers: the parsed ones show only the first. */
  readonly hostHeaders: readonly string[];
  /** The request target as it came. */
  readonly url: string;
  /** Credentials are checked, so a web page behind a rebound name has none. */
  readonly realAuth: boolean;
  /** `name` for every port, or `name:port`. */
  readonly allowedHosts: readonly string[];
  readonly publicUrl: string | undefined;
}

/** RFC 9112 section 3.2 first, then whether the name is one of ours. A request without a Host (HTTP/1.0) has no name. */
export function checkHost(question: HostQuestion): 'ok' | 'HOST' | 'BAD_HTTP' {
  const { allowedHosts, hostHeaders, publicUrl, realAuth, url } = question;
  if (hostHeaders.length > 1) return 'BAD_HTTP';
  const header = hostHeaders[0] ?? '';
  const host = parseHost(header);
  if (host === undefined && header !== '') return 'BAD_HTTP';
  if (!isTargetFor(url, host)) return 'BAD_HTTP';
  if (realAuth && allowedHosts.length === 0) return 'ok';
  if (host === undefined) return 'HOST';
  if (isLoopbackHostName(host.name) || (!realAuth && isIpLiteral(host.name))) return 'ok';
  return host.name === parsePublicUrl(publicUrl)?.host.name ||
    allowedHosts.some((entry) => isAllowedHost(entry, host))
    ? 'ok'
    : 'HOST';
}

export interface OriginQuestion {
  /** As Node gives it; a repeated header is joined by commas and so equals nothing. */
  readonly origin: string | undefined;
  readonly secFetchSite: string | undefined;
  /** The Host header that `checkHost` has passed. */
  readonly host: string | undefined;
  readonly method: string;
  readonly allowedOrigins: readonly string[];
  readonly publicUrl: string | undefined;
}

/**
 * A browser names the page's origin on everything that could do harm; programs name none. `null` is what sandboxed frames
 * and files send, so it names nobody and is never allowed.
 */
export function checkOrigin(question: OriginQuestion): 'ok' | 'ORIGIN' {
  const { allowedOrigins, host, method, origin, publicUrl, secFetchSite } = question;
  if (origin === undefined) return isCrossSite(secFetchSite) && !SAFE_METHODS.has(method) ? 'ORIGIN' : 'ok';
  if (isAllowedOrigin(origin, allowedOrigins)) return 'ok';
  const ours = parsePublicUrl(publicUrl);
  if (origin === ours?.origin) return 'ok';
  const parts = host === undefined ? undefined : parseHost(host);
  if (parts === undefined) return 'ORIGIN';
  return sameOrigins(parts, ours).includes(origin) ? 'ok' : 'ORIGIN';
}

/** Headers of every answer to a request with an Origin. Credentials mode is never allowed: clients set Authorization themselves. */
export function corsHeaders(question: {
  readonly origin: string;
  readonly allowedOrigins: readonly string[];
}): Record<string, string> {
  if (!isAllowedOrigin(question.origin, question.allowedOrigins)) return { vary: 'Origin' };
  return {
    vary: 'Origin',
    'access-control-allow-origin': question.origin,
    'access-control-expose-headers': EXPOSED_HEADERS,
  };
}

export interface PreflightQuestion {
  readonly origin: string | undefined;
  readonly allowedOrigins: readonly string[];
  /** Access-Control-Request-Method and -Headers; without the former an OPTIONS request is no preflight. */
  readonly requestMethod: string | undefined;
  readonly requestHeaders: string | undefined;
}

/** Headers of the answer to OPTIONS. A foreign origin is told nothing, which the browser takes as no. */
export function decidePreflight(question: PreflightQuestion): Record<string, string> {
  const { allowedOrigins, origin, requestHeaders = '', requestMethod } = question;
  if (origin === undefined || requestMethod === undefined || !isAllowedOrigin(origin, allowedOrigins))
    return { vary: 'Origin' };
  return {
    ...corsHeaders({ origin, allowedOrigins }),
    'access-control-allow-methods': 'GET, POST, DELETE, OPTIONS',
    'access-control-allow-headers': [...ALLOWED_HEADERS, ...paramHeaders(requestHeaders)].join(', '),
    'access-control-max-age': '600',
  };
}

/**
 * Whether somebody without credentials may be served when none are configured: only this machine itself. A proxy on it
 * speaks for strangers, and says so in its headers.
 */
export function isServedWithoutAuth(request: {
  readonly remoteAddress: string | undefined;
  readonly host: string | undefined;
  readonly headerNames: readonly string[];
}): boolean {
  const host = request.host === undefined ? undefined : parseHost(request.host);
  if (host === undefined || !isLoopbackHostName(host.name) || !isLoopbackAddress(request.remoteAddress))
    return false;
  return !request.headerNames.some((header) => isForwardingHeader(header.toLowerCase()));
}

const SAFE_METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);
const EXPOSED_HEADERS =
  'Mcp-Session-Id, WWW-Authenticate, X-Request-Id, Retry-After, Location, Preference-Applied';
const ALLOWED_HEADERS = [
  'Authorization',
  'Content-Type',
  'Accept',
  'Prefer',
  'Last-Event-ID',
  'Mcp-Session-Id',
  'MCP-Protocol-Version',
  'Mcp-Method',
  'Mcp-Name',
] as const;
/** More mirrored parameters than any tool has; bounds the answer that a preflight can ask for. */
const MAX_PARAM_HEADERS = 64;

/** `Mcp-Param-*` names depend on the tool, so the requested ones are echoed; only RFC 9110 tokens can be. */
function paramHeaders(requestHeaders: string): string[] {
  const names = requestHeaders
    .split(',', ALLOWED_HEADERS.length + MAX_PARAM_HEADERS)
    .map((name) => name.trim().toLowerCase());
  return [...new Set(names)]
    .filter((name) => /^mcp-param-[!#$%&'*+.^_`|~0-9a-z-]+$/.test(name))
    .slice(0, MAX_PARAM_HEADERS);
}

function isForwardingHeader(name: string): boolean {
  return name === 'forwarded' || name === 'via' || name === 'x-real-ip' || name.startsWith('x-forwarded');
}

function isCrossSite(secFetchSite: string | undefined): boolean {
  return (
    secFetchSite !== undefined &&
    secFetchSite.split(',').some((site) => site.trim().toLowerCase() === 'cross-site')
  );
}

function isAllowedOrigin(origin: string, allowedOrigins: readonly string[]): boolean {
  return origin !== 'null' && allowedOrigins.includes(origin);
}

/**
 * Whether the request target belongs to the Host. An absolute-form target wins over Host (RFC 9112 section 3.2.2), so a proxy that looks at
 * one and we at the other would disagree on whom the request is for.
 */
function isTargetFor(url: string, host: HostParts | undefined): boolean {
  if (url.startsWith('/') || url === '*') return true;
  const [, scheme, authority] = /^(https?):\/\/([^/?#]*)/i.exec(url) ?? [];
  const target = authority === undefined ? undefined : parseHost(authority);
  if (scheme === undefined || target === undefined || host === undefined) return false;
  const defaultPort = scheme.toLowerCase() === 'https' ? 443 : 80;
  return target.name === host.name && (target.port ?? defaultPort) === (host.port ?? defaultPort);
}

/** A Host without a port means the default one, of a scheme that a proxy in front may have ended. */
function isAllowedHost(entry: string, host: HostParts): boolean {
  const allowed = isIPv6(entry) ? { name: entry.toLowerCase(), port: undefined } : parseHost(entry);
  if (allowed === undefined || allowed.name !== host.name) return false;
  return (
    allowed.port === undefined ||
    (host.port === undefined ? isDefaultPort(allowed.port) : allowed.port === host.port)
  );
}

function isDefaultPort(port: number): boolean {
  return port === 80 || port === 443;
}

interface PublicUrl {
  readonly origin: string;
  readonly scheme: string;
  readonly host: HostParts;
}

function parsePublicUrl(publicUrl: string | undefined): PublicUrl | undefined {
  if (publicUrl === undefined || !URL.canParse(publicUrl)) return undefined;
  const url = new URL(publicUrl);
  const host = parseHost(url.host);
  return host === undefined ? undefined : { origin: url.origin, scheme: url.protocol, host };
}

/**
 * Origins that a page served under this Host can have. Whether a proxy in front ended TLS cannot be seen, so both schemes; but
 * under publicUrl's own name its scheme is known, and a page that came over plain HTTP is not the one behind HTTPS.
 */
function sameOrigins({ name, port }: HostParts, ours: PublicUrl | undefined): string[] {
  const schemes = ours !== undefined && ours.host.name === name ? [ours.scheme] : ['http:', 'https:'];
  const shown = isIPv6(name) ? `[${name}]` : name;
  return schemes.map((scheme) => {
    const isDefault = port === undefined || port === (scheme === 'https:' ? 443 : 80);
    return `${scheme}//${shown}${isDefault ? '' : `:${port}`}`;
  });
}
