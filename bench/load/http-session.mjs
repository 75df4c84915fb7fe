/**
 * Sessions whose calls are answered in the response of their POST: the floor, Streamable HTTP, 2026-07-28, REST and
 * the peers that speak Streamable HTTP. `calls(tool)` gives what one lane does for one call.
 */
import { randomUUID } from 'node:crypto';
import { Connection, MAX_KEPT_BYTES } from './connection.mjs';
import { callBody, head, INITIALIZE, INITIALIZED } from './requests.mjs';

const BOTH = 'accept: application/json, text/event-stream';

/** A session by handshake; `notified` is whether the other side takes a notification. */
async function openHandshake(target, notified) {
  const connection = await Connection.open(target.port);
  const answer = await connection.request(
    head('POST', target.path, target, [BOTH], INITIALIZE.length) + INITIALIZE,
  );
  const id = /\r\nmcp-session-id: *(\S+)/i.exec(answer.head)?.[1];
  if (id === undefined || !answer.start.includes('"protocolVersion"'))
    throw new Error(`no session: ${answer.head} ${answer.start}`);
  const headers = [BOTH, `mcp-session-id: ${id}`, 'mcp-protocol-version: 2025-11-25'];
  if (notified)
    await connection.request(head('POST', target.path, target, headers, INITIALIZED.length) + INITIALIZED);
  return {
    first: connection,
    calls: (tool) => {
      const body = callBody(tool);
      return posts(head('POST', target.path, target, headers, body.bytes), body);
    },
    end: head('DELETE', target.path, target, headers),
  };
}

export const openFloor = (target) => openHandshake(target, false);
export const openStreamable = (target) => openHandshake(target, true);

/** 2026-07-28 has no sessions. */
export async function openModern(target) {
  return {
    first: await Connection.open(target.port),
    calls: (tool) => {
      const body = callBody(tool, true);
      const headers = [
        BOTH,
        'mcp-protocol-version: 2026-07-28',
        'mcp-method: tools/call',
        `mcp-name: ${tool.name}`,
      ];
      return posts(head('POST', target.path, target, headers, body.bytes), body);
    },
    end: undefined,
  };
}

export async function openRest(target) {
  const id = randomUUID();
  return {
    first: await Connection.open(target.port),
    calls: ({ name, args }) => {
      const path = `/api${target.path}/${name}?sessionId=${id}`;
      const text = head('POST', path, target, ['accept: application/json'], args.length) + args;
      return (connection, _id, done, fail) =>
        connection.send(text, (answer) => (isContent(answer) ? done() : fail(wrong(answer))), fail);
    },
    end: head('DELETE', `/api/sessions/${id}`, target, []),
  };
}

function posts(headText, body) {
  return (connection, id, done, fail) =>
    connection.send(
      headText + body(id),
      (answer) => (isResultOf(answer, id) ? done() : fail(wrong(answer))),
      fail,
    );
}

/** Some write the id last, where it is not seen of a large result. */
function isResultOf({ status, start }, id) {
  const isOf = start.includes(`"id":${id}`) || (!start.includes('"id":') && start.length >= MAX_KEPT_BYTES);
  return status === 200 && isOf && start.includes('"result":');
}

function isContent({ status, start }) {
  return status === 200 && start.startsWith('{') && start.includes('"content":');
}

export function wrong({ head: text, start }) {
  return new Error(`a wrong answer: ${text}\n${start.slice(0, 500)}`);
}
