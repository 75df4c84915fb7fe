import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SERVER_NAME, serverNameProblem } from '../../src/config/server-name.ts';
import { accepted, FOLDER, refused } from './support.ts';

const json = { file: 'mcp.json' };

describe('mcpServers files', () => {
  it('load as they are, with comments, tabs and trailing commas', () => {
    const text = `// Claude's "file"
{
\t/* a "comment" // inside
\t   of two lines */
\t"mcpServers": {
\t\t"files": { "command": "sh -c 'echo // x'", "args": ["-y", "http://a//b", 3, "/* kept */",], "cwd": "sub", },
\t},
}`;
    const { config, warnings } = accepted(text, json);
    expect(warnings).toEqual([]);
    expect(config.port).toBe(3000);
    expect([...config.servers.keys()]).toEqual(['files']);
    expect(config.servers.get('files')).toMatchObject({
      command: "sh -c 'echo // x'",
      args: ['-y', 'http://a//b', '3', '/* kept */'],
      path: `${FOLDER}/sub`,
      env: {},
    });
  });

  it('are recognised by their content too, where comments would be text in YAML', () => {
    const text = '/* c */ {"mcpServers": {"a": {"command": "x"}}} // end';
    expect(accepted(text, { file: 'config' }).config.servers.size).toBe(1);
    expect(
      accepted('mcpServers:\n  a: {command: x, args: [http://b]}').config.servers.get('a')?.args,
    ).toEqual(['http://b']);
  });

  it('keep // in a YAML flow mapping', () => {
    const { config } = accepted('{servers: {a: {command: x, args: [http://b/*c*/]}}}');
    expect(config.servers.get('a')?.args).toEqual(['http://b/*c*/']);
  });

  it('say what is left out, without judging what is in it', () => {
    const text = `{"inputs": ["\${input:x}"], "mcpServers": {
      "a": {"command": "x", "type": "stdio", "disabled": false, "autoApprove": ["\${NOPE}"]},
      "off": {"command": "\${NOPE}", "disabled": true},
      "u": {"url": "http://x", "headers": {"Authorization": "Bearer \${input:x}"}},
      "s": {"serverUrl": "http://x"},
      "h": {"type": "http"}, "e": {"type": "sse"}}}`;
    const { config, warnings } = accepted(text, json);
    expect([...config.servers.keys()]).toEqual(['a']);
    const remote = 'servers reached by URL are not served yet; this one is left out';
    expect(warnings).toEqual([
      'mcp.json:1:2: inputs: this key is ignored in an mcpServers file; gateway settings need servers instead of mcpServers',
      'mcp.json:2:65: mcpServers.a.autoApprove: this key is ignored',
      'mcp.json:3:7: mcpServers.off: this server is disabled and left out',
      `mcp.json:4:7: mcpServers.u: ${remote}`,
      `mcp.json:5:7: mcpServers.s: ${remote}`,
      `mcp.json:6:7: mcpServers.h: ${remote}`,
      `mcp.json:6:30: mcpServers.e: ${remote}`,
    ]);
  });

  it('give names that fit and never the same one twice', () => {
    const names = ['My Files', 'My-Files', 'my files', 'docs', '_x', '日本', 'a'.repeat(80), 'ok'];
    const entries = names.map((name) => `${JSON.stringify(name)}: {"command": "x"}`);
    const { config, warnings } = accepted(`{"mcpServers": {${entries.join(', ')}}}`, json);
    expect([...config.servers.keys()]).toEqual([
      'My-Files-2',
      'My-Files',
      'my-files-3',
      'docs-2',
      'x',
      'server',
      'a'.repeat(63),
      'ok',
    ]);
    expect(warnings[0]).toBe(
      'mcp.json:1:17: mcpServers["My Files"]: this server is served as "My-Files-2"; its name does not fit a URL or is taken',
    );
    expect(warnings).toHaveLength(6);
  });

  it('give fitting names for any names', () => {
    const name = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom('api', 'API', 'a b', 'a-b', 'A-B', 'a-b-2', '-'),
    );
    fc.assert(
      fc.property(fc.uniqueArray(name, { minLength: 1, maxLength: 12 }), (all) => {
        const names = all.filter(
          (text) => !['__proto__', 'constructor', 'prototype'].includes(text) && !/\p{Cs}/u.test(text),
        );
        fc.pre(names.length > 0);
        const entries = names.map((text) => `${JSON.stringify(text)}: {"command": "x"}`);
        const served = [...accepted(`{"mcpServers": {${entries.join(', ')}}}`, json).config.servers.keys()];
        expect(new Set(served.map((text) => text.toLowerCase())).size).toBe(names.length);
        for (const text of served) {
          expect(text).toMatch(SERVER_NAME);
          expect(serverNameProblem(text)).toBeUndefined();
        }
      }),
      { numRuns: 200 },
    );
  });

  it('name what is wrong where it stands in the file', () => {
    const text = `{"mcpServers": {
      "my x": {"command": "\${env:NOPE}", "args": 1},
      "b": {"cwd": 1, "env": {"A": null}}}}`;
    expect(refused(text, json)).toEqual([
      'mcp.json:2:27: mcpServers["my x"].command: ${NOPE} is not set; set the environment variable NOPE, or write ${NOPE:-default}',
      'mcp.json:2:50: mcpServers["my x"].args: expected a list, got a number; write [value], or one "- value" on each line',
      'mcp.json:3:7: mcpServers.b.command: this key is missing; Program to run; looked up on PATH, never through a shell',
      'mcp.json:3:20: mcpServers.b.cwd: expected text, got a number; put it in quotes',
      'mcp.json:3:36: mcpServers.b.env.A: expected text, got nothing; give it a value, or remove the key',
    ]);
  });

  it.each([
    ['{"mcpServers": {}}', 'mcp.json:1:2: mcpServers: at least one server is needed; add one under its name'],
    ['{"mcpServers": []}', 'mcp.json:1:16: mcpServers: expected a mapping, got a list'],
    ['{"mcpServers": {"a": 1}}', 'mcp.json:1:22: mcpServers.a: expected a mapping, got a number'],
    [
      '{"mcpServers": {"a": {"command": "x"}, "a": {"command": "y"}}}',
      'mcp.json:1:40: mcpServers.a: this key stands twice; the first is at line 1, column 17',
    ],
  ])('refuse %j', (text, message) => {
    expect(refused(text, json)).toEqual([message]);
  });

  it('substitute ${env:NAME} and leave $$ as it is', () => {
    const text = '{"mcpServers": {"a": {"command": "x", "env": {"T": "${env:TOKEN}", "D": "a$$b"}}}}';
    const { config, secrets } = accepted(text, { ...json, env: { TOKEN: 'tttt' } });
    expect(config.servers.get('a')?.env).toEqual({ T: 'tttt', D: 'a$$b' });
    expect(secrets).toEqual(['tttt']);
  });
});
