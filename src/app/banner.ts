import type { Config } from '../config/schema.ts';
import { VERSION } from '../util/version.ts';

/** What a gateway says when it is up: where it is, what it serves, and who may come in. */
export function banner(config: Config, port: number): string[] {
  const base = config.publicUrl ?? `http://${localHost(config.hostname)}:${port}`;
  return [
    `mcp-gateway ${VERSION} listens on ${config.hostname}:${port}`,
    ...[...config.servers.keys()].map(
      (name) => `  ${name}: ${base}/${name} (MCP), ${base}/api/${name}/{tool} (REST)`,
    ),
    `OpenAPI: ${base}/api/openapi.json, ${base}/api/openapi.yaml`,
    `To read and to try: ${base}/docs`,
    `Authentication: ${authState(config)}`,
  ];
}

function localHost(hostname: string): string {
  if (hostname === '0.0.0.0' || hostname === '::') return 'localhost';
  return hostname.includes(':') ? `[${hostname}]` : hostname;
}

function authState({ auth }: Config): string {
  if (auth === undefined) return 'none configured, so only clients on this machine are served';
  const methods = [
    ...(auth.basic?.enabled === true ? [`Basic (${auth.basic.credentials.length})`] : []),
    ...(auth.bearer?.enabled === true ? [`Bearer (${auth.bearer.tokens.length})`] : []),
  ];
  if (auth.anonymous)
    return methods.length === 0
      ? 'off: everyone is served'
      : `${methods.join(', ')}, and everyone without credentials`;
  return methods.join(', ');
}
