#!/usr/bin/env node
/**
 * A stdio MCP server that costs as little as one in Node can: ids and arguments are found by search instead of a parse,
 * and all answers to one chunk of input are one write. It understands what the load of this folder sends, in which
 * `"id":` and `"text":"` stand once and nothing is escaped; it is no example of a server. With --modern it speaks
 * 2026-07-28, without it the revisions with a handshake; with --start-ms=n it does nothing for that long first. Tools: echo {text}, big {bytes}.
 */
import { writeSync } from 'node:fs';

const MODERN = process.argv.includes('--modern');
const START_MS = Number(process.argv.find((arg) => arg.startsWith('--start-ms='))?.slice(11) ?? 0);
const TOOLS =
  '[{"name":"echo","inputSchema":{"type":"object","properties":{"text":{"type":"string"}}}},' +
  '{"name":"big","inputSchema":{"type":"object","properties":{"bytes":{"type":"integer"}}}}]';
const COMPLETE = MODERN ? '"resultType":"complete",' : '';
const RESULTS = new Map([
  ['ping', '{}'],
  ['tools/list', `{${COMPLETE}"tools":${TOOLS}${MODERN ? ',"ttlMs":60000,"cacheScope":"private"' : ''}}`],
  MODERN
    ? [
        'server/discover',
        `{${COMPLETE}"supportedVersions":["2026-07-28"],"capabilities":{"tools":{}},"ttlMs":60000,"cacheScope":"private"}`,
      ]
    : [
        'initialize',
        '{"protocolVersion":"2025-11-25","capabilities":{"tools":{}},"serverInfo":{"name":"echo","version":"1.0.0"}}',
      ],
]);

/** The texts of big results by their size, made once. */
const texts = new Map();
let rest = '';
let answers = '';

if (START_MS > 0) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, START_MS);

process.stdin.on('data', (chunk) => {
  // One byte is one character: nothing here looks into the text.
  const input = rest + chunk.latin1Slice();
  let start = 0;
  for (let end = input.indexOf('\n'); end >= 0; end = input.indexOf('\n', start)) {
    answer(input, start, end);
    start = end + 1;
  }
  rest = input.slice(start);
  flush();
});

function answer(input, start, end) {
  const line = input.slice(start, end);
  const id = between(line, '"id":', /[,}]/g);
  if (id === undefined) return;
  const method = between(line, '"method":"', /"/g);
  if (method === 'tools/call') call(line, id);
  else reply(id, RESULTS.get(method));
}

function call(line, id) {
  if (line.includes('"name":"big"')) return big(id, Number(between(line, '"bytes":', /[,}]/g)));
  const text = between(line, '"text":"', /"/g) ?? '';
  reply(id, `{${COMPLETE}"content":[{"type":"text","text":"${text}"}]}`);
}

function reply(id, result) {
  const body =
    result === undefined ? '"error":{"code":-32601,"message":"Method not found"}' : `"result":${result}`;
  answers += `{"jsonrpc":"2.0","id":${id},${body}}\n`;
}

function big(id, bytes) {
  flush();
  let text = texts.get(bytes);
  if (text === undefined) texts.set(bytes, (text = Buffer.alloc(bytes, 'abcdefghijklmnopqrstuvwxyz012345')));
  writeAll(
    Buffer.from(
      `{"jsonrpc":"2.0","id":${id},"result":{${COMPLETE}"content":[{"type":"text","text":"`,
      'latin1',
    ),
  );
  writeAll(text);
  writeAll(Buffer.from('"}]}}\n'));
}

function flush() {
  if (answers === '') return;
  writeAll(Buffer.from(answers, 'latin1'));
  answers = '';
}

/** The pipe is full when its reader is slower; waiting is right, there is nothing else to do. */
function writeAll(bytes) {
  for (let sent = 0; sent < bytes.length; ) {
    try {
      sent += writeSync(1, bytes, sent);
    } catch (cause) {
      if (cause.code !== 'EAGAIN') process.exit(0);
    }
  }
}

/** What stands between `before` and the first match of `after`. */
function between(line, before, after) {
  const at = line.indexOf(before);
  if (at < 0) return undefined;
  after.lastIndex = at + before.length;
  const match = after.exec(line);
  return match === null ? undefined : line.slice(at + before.length, match.index);
}
