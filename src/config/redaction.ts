import type { Config } from './schema.ts';
import type { ScalarInfo } from './tree.ts';

const SECRET_KEY = /pass|pwd|secret|token|key|credential|auth|cookie|private|dsn|connection_?string|webhook/i;

/**
 * Every value of a configuration that must never be logged, each once, the longest first, so that replacing one
 * leaves no piece of another. May hold short values: who redacts decides what is too short to look for.
 */
export function valuesToRedact(config: Config, substitutions: readonly ScalarInfo[]): string[] {
  const values = new Set<string>();
  const { basic, bearer } = config.auth ?? {};
  for (const { password, passwordHash } of basic?.credentials ?? []) {
    for (const secret of [password, passwordHash]) values.add(secret?.reveal() ?? '');
  }
  for (const { token, tokenHash } of bearer?.tokens ?? []) {
    for (const secret of [token, tokenHash]) values.add(secret?.reveal() ?? '');
  }
  for (const server of config.servers.values()) {
    for (const [name, value] of Object.entries(server.env)) if (SECRET_KEY.test(name)) values.add(value);
  }
  for (const scalar of substitutions) {
    const mayBeSecret = canHoldSecret(scalar);
    for (const { from, text } of scalar.pieces) {
      if (from === 'file' || (from === 'env' && mayBeSecret)) values.add(text);
    }
    const isWrittenOut = scalar.pieces.every(({ from }) => from === 'default');
    if (mayBeSecret && !isWrittenOut) values.add(scalar.text);
  }
  values.delete('');
  return [...values].toSorted((a, b) => b.length - a.length);
}

/** A port or working directory from the environment is shown in every log line that matters. */
function canHoldSecret({ path }: ScalarInfo): boolean {
  const [top, , key] = path;
  if (top === 'auth') return true;
  return (top === 'servers' || top === 'mcpServers') && (key === 'args' || key === 'env');
}
