import { describe, expect, it } from 'vitest';
import { refused, SERVERS } from './support.ts';

describe('[fault 94] messages about keys', () => {
  it.each([
    ['servers: {fs: {comand: npx}}', 'c.yaml:1:16: servers.fs.comand: unknown key; did you mean "command"?'],
    [`${SERVERS}Port: 1`, 'c.yaml:2:1: Port: unknown key; did you mean "port"?'],
    [
      `${SERVERS}debug: {colour: red}`,
      'c.yaml:2:9: debug.colour: unknown key; the keys here are level, format',
    ],
    [
      `${SERVERS}"a\\u202eb": 1`,
      /^c\.yaml:2:1: \["a\\u\{202e\}b"\]: unknown key; the keys here are hostname, port/,
    ],
    [
      'servers: {fs: {}}',
      'c.yaml:1:11: servers.fs.command: this key is missing; Program to run; looked up on PATH, never through a shell',
    ],
    ['port: 1', /^c\.yaml:1:1: servers: this key is missing; The servers by name/],
    ['servers: {}', 'c.yaml:1:1: servers: at least one server is needed; add one under its name'],
    [
      `${SERVERS}mcpServers: {}`,
      'c.yaml:2:1: mcpServers: mcpServers and servers cannot stand in one file; move the entries to servers',
    ],
    [
      'servers: {fs: {command: a, command: b}}',
      'c.yaml:1:28: servers.fs.command: this key stands twice; the first is at line 1, column 16',
    ],
    [
      'servers: {fs: {command: a, ? [x] : b}}',
      'c.yaml:1:30: servers.fs: a key must be plain text; put it in quotes',
    ],
    [
      'servers: {fs: {command: a, <<: {args: []}}}',
      /^c\.yaml:1:28: servers\.fs\["<<"\]: merge keys are not supported;/,
    ],
  ])('%j', (text, message) => {
    const messages = refused(text);
    expect(messages).toHaveLength(1);
    expect(messages[0]).toEqual(typeof message === 'string' ? message : expect.stringMatching(message));
  });

  it.each(['__proto__', 'constructor', 'prototype'])('[fault 97] refuses %s wherever it stands', (key) => {
    const text = `${key}: 1\nservers:\n  ${key}: {command: x}\n  fs: {command: x, env: {${key}: y}, args: [{"${key}": {}}]}\n`;
    expect(refused(text).filter((message) => message.includes('not allowed'))).toEqual([
      `c.yaml:1:1: ${key}: this key is not allowed; choose another name`,
      `c.yaml:3:3: servers.${key}: this key is not allowed; choose another name`,
      `c.yaml:4:26: servers.fs.env.${key}: this key is not allowed; choose another name`,
      `c.yaml:4:${26 + key.length + 14}: servers.fs.args[0].${key}: this key is not allowed; choose another name`,
    ]);
  });
});

describe('messages about what is not built', () => {
  it.each([
    [
      `${SERVERS}http: {trustProxy: []}`,
      'c.yaml:2:8: http.trustProxy: not supported in this version yet; remove it',
    ],
    [
      `${SERVERS}http: {strictAccept: false}`,
      'c.yaml:2:8: http.strictAccept: not supported in this version yet; remove it',
    ],
    [
      'servers: {fs: {url: "http://x"}}',
      'c.yaml:1:16: servers.fs.url: not supported in this version yet; a server needs a command; remove this entry',
    ],
  ])('%j', (text, message) => {
    expect(refused(text)).toEqual([message]);
  });
});

describe('[fault 95] messages about values', () => {
  it.each([
    ['port: 65536', 'c.yaml:2:7: port: expected a whole number from 0 to 65535'],
    ['port: 1.5', 'c.yaml:2:7: port: must be a whole number'],
    ['port: .nan', /^c\.yaml:2:7: port: expected a whole number from 0 to 65535/],
    [
      'port: "3000"',
      'c.yaml:2:7: port: expected a whole number from 0 to 65535, got text; remove the quotes',
    ],
    [
      'port: 0777',
      'c.yaml:2:7: port: expected a whole number from 0 to 65535, got text; write it without leading zeros',
    ],
    [
      'port: ${P}',
      'c.yaml:2:7: port: expected a whole number from 0 to 65535, got text; the substituted text is not a whole number',
    ],
    ['hostname: ', 'c.yaml:2:11: hostname: expected text, got nothing; give it a value, or remove the key'],
    ['hostname: 5', 'c.yaml:2:11: hostname: expected text, got a number; put it in quotes'],
    [
      'hostname: "localhost:3000"',
      'c.yaml:2:11: hostname: this is not a host name or IP address; write the name only, without scheme, port and path',
    ],
    [
      'hostname: "[::1]"',
      'c.yaml:2:11: hostname: this is not a host name or IP address; write an IPv6 address without brackets and port',
    ],
    [
      'publicUrl: mcp.example.com',
      'c.yaml:2:12: publicUrl: this is not an http or https URL; such as https://mcp.example.com',
    ],
    ['publicUrl: https://u:p@x', 'c.yaml:2:12: publicUrl: must not contain credentials'],
    ['publicUrl: https://x/?', 'c.yaml:2:12: publicUrl: must not contain a query or fragment'],
    [
      'debug: {level: warning}',
      'c.yaml:2:16: debug.level: expected one of error, warn, info, debug, verbose',
    ],
    [
      'debug: {level: inof}',
      'c.yaml:2:16: debug.level: expected one of error, warn, info, debug, verbose; did you mean "info"?',
    ],
    [
      'debug: {level: 1}',
      'c.yaml:2:16: debug.level: expected one of error, warn, info, debug, verbose, got a number',
    ],
    ['debug: on', 'c.yaml:2:8: debug: expected a mapping, got text'],
    [
      'auth: {anonymous: on}',
      'c.yaml:2:19: auth.anonymous: expected true or false, got text; YAML 1.2 has only true and false; write true without quotes',
    ],
    [
      'auth: {anonymous: no}',
      'c.yaml:2:19: auth.anonymous: expected true or false, got text; YAML 1.2 has only true and false; write false without quotes',
    ],
    [
      'http: {allowedHosts: a}',
      'c.yaml:2:22: http.allowedHosts: expected a list, got text; write [value], or one "- value" on each line',
    ],
    [
      'http: {allowedHosts: ["*.a"]}',
      'c.yaml:2:23: http.allowedHosts[0]: this is not a host name or IP address; wildcards are not supported; list every name',
    ],
    [
      'http: {allowedOrigins: ["*"]}',
      'c.yaml:2:25: http.allowedOrigins[0]: a wildcard is not an origin; list every origin',
    ],
    ['http: {allowedOrigins: ["null"]}', /allowedOrigins\[0\]: the origin null is not allowed/],
    [
      'http: {allowedOrigins: ["https://a/"]}',
      /allowedOrigins\[0\]: this is not an origin; write scheme:\/\/host/,
    ],
    [
      'http: {allowedOrigins: ["https://A:443"]}',
      'c.yaml:2:25: http.allowedOrigins[0]: this is not the exact form of an origin; browsers send it as https://a',
    ],
    ['limits: {sessions: 0}', 'c.yaml:2:20: limits.sessions: expected a whole number from 1 to 1000000'],
    [
      'limits: {sessionIdleMs: 2147483648}',
      'c.yaml:2:25: limits.sessionIdleMs: expected a whole number from 1 to 2147483647',
    ],
  ])('%j', (line, message) => {
    const messages = refused(`${SERVERS}${line}\n`, { env: { P: '80a' } });
    expect(messages).toHaveLength(1);
    expect(messages[0]).toEqual(typeof message === 'string' ? message : expect.stringMatching(message));
  });
});

it('[fault 66] [fault 95] tells everything in one run, in the order of the file', () => {
  const text =
    'prot: 1\nport: x\nauth: {}\nservers:\n  docs: {command: "${NOPE}", callTimeoutMs: 1.5}\n  FS: {command: 1}\n  fs: {comand: x}\n';
  expect(refused(text).map((message) => message.split(';')[0])).toEqual([
    'c.yaml:1:1: prot: unknown key',
    'c.yaml:2:7: port: expected a whole number from 0 to 65535, got text',
    'c.yaml:3:1: auth: nothing is enabled here, so nobody could enter',
    'c.yaml:5:3: servers.docs: this server name is reserved',
    'c.yaml:5:19: servers.docs.command: ${NOPE} is not set',
    'c.yaml:5:45: servers.docs.callTimeoutMs: must be a whole number',
    'c.yaml:6:17: servers.FS.command: expected text, got a number',
    'c.yaml:7:3: servers.fs: this name differs from "FS" only in upper and lower case',
    'c.yaml:7:8: servers.fs.comand: unknown key',
  ]);
});
