#!/usr/bin/env node
/**
 * The floor: what any gateway in Node must do at least. A session is a child; the body of a POST is written to it as a
 * line, and the line that comes back is the answer, in order. Nothing is checked, limited, logged or counted.
 * Usage: floor.mjs <command> [argument...]; prints the port it listens on.
 */
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';

const [command, ...args] = process.argv.slice(2);
const NEWLINE = Buffer.from('\n');
const sessions = new Map();

function open() {
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'ignore'] });
  const session = { id: randomUUID(), child, waiting: [], held: [] };
  sessions.set(session.id, session);
  child.stdin.on('error', () => undefined);
  child.stdout.on('data', (chunk) => {
    let start = 0;
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, start)) {
      session.held.push(chunk.subarray(start, end));
      const line = session.held.length === 1 ? session.held[0] : Buffer.concat(session.held);
      session.held = [];
      start = end + 1;
      session.waiting
        .shift()
        .writeHead(200, {
          'content-type': 'application/json',
          'content-length': line.length,
          'mcp-session-id': session.id,
        })
        .end(line);
    }
    if (start < chunk.length) session.held.push(chunk.subarray(start));
  });
  return session;
}

const server = createServer((request, response) => {
  const session = sessions.get(request.headers['mcp-session-id']) ?? open();
  if (request.method === 'DELETE') {
    sessions.delete(session.id);
    session.child.stdin.end();
    response.writeHead(200, { 'content-length': 0 }).end();
    return;
  }
  const body = [];
  request.on('data', (chunk) => body.push(chunk));
  request.on('end', () => {
    session.waiting.push(response);
    session.child.stdin.write(Buffer.concat([...body, NEWLINE]));
  });
});
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
process.on('SIGTERM', () => {
  for (const { child } of sessions.values()) child.stdin.end();
  process.exit(0);
});
