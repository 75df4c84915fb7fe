/** Sessions of HTTP+SSE: a call is over when its POST was accepted and its answer has come on the stream. */
import { Connection } from './connection.mjs';
import { wrong } from './http-session.mjs';
import { callBody, head, INITIALIZE, INITIALIZED } from './requests.mjs';

/** What is looked at of an event: its beginning, and its end where some write the id. */
const START_BYTES = 300;
const END_BYTES = 64;
const LF = 10;

export async function openSse(target) {
  const stream = await Connection.open(target.port);
  const waiting = new Map();
  let broken;
  let onEndpoint;
  const endpoint = new Promise((resolve) => {
    onEndpoint = resolve;
  });
  const events = new EventReader((seen) => {
    if (seen.includes('event: endpoint')) return onEndpoint(/data: *(\S+)/.exec(seen)?.[1]);
    const id = /"id":(\d+)/.exec(seen)?.[1];
    const settle = waiting.get(id);
    if (settle === undefined) return;
    waiting.delete(id);
    settle(seen);
  });
  const breaks = (cause) => {
    broken = cause;
  };
  await stream.stream(
    head('GET', target.ssePath ?? target.path, target, ['accept: text/event-stream']),
    (chunk, start, end) => events.push(chunk, start, end),
    breaks,
  );
  const path = (await endpoint).replace(/^https?:\/\/[^/]+/, '');
  const first = await Connection.open(target.port);
  const post = (body) => head('POST', path, target, [], body.length) + body;
  const initialized = new Promise((resolve) => waiting.set('1000000', resolve));
  await first.request(post(INITIALIZE));
  await initialized;
  await first.request(post(INITIALIZED));
  return {
    first,
    calls: (tool) => {
      const body = callBody(tool);
      const headText = head('POST', path, target, [], body.bytes);
      return (connection, id, done, fail) => {
        if (broken !== undefined) return fail(broken);
        let missing = 2;
        const part = () => {
          missing -= 1;
          if (missing === 0) done();
        };
        waiting.set(String(id), (start) =>
          start.includes('"result":') ? part() : fail(new Error(`a wrong answer: ${start}`)),
        );
        connection.send(
          headText + body(id),
          (answer) => (answer.status === 202 || answer.status === 200 ? part() : fail(wrong(answer))),
          fail,
        );
      };
    },
    end: undefined,
    close: () => stream.close(),
  };
}

/** Finds the ends of events in a stream and tells the beginning and end of each; never holds a large one. */
class EventReader {
  #onEvent;
  #start = '';
  #end = '';
  /** Whether the last byte was a line feed, so that one more ends the event. */
  #atLineEnd = false;

  constructor(onEvent) {
    this.#onEvent = onEvent;
  }

  push(chunk, from, to) {
    let at = from;
    while (at < to) {
      const next = this.#endOfEvent(chunk, at, to);
      this.#look(chunk, at, next ?? to);
      this.#atLineEnd = next === undefined && chunk[to - 1] === LF;
      if (next === undefined) return;
      const seen = this.#start + this.#end;
      this.#start = '';
      this.#end = '';
      this.#onEvent(seen);
      at = next;
    }
  }

  #look(chunk, from, to) {
    const room = START_BYTES - this.#start.length;
    if (room > 0) this.#start += chunk.latin1Slice(from, Math.min(to, from + room));
    if (to - from > room)
      this.#end = (this.#end + chunk.latin1Slice(Math.max(from, to - END_BYTES), to)).slice(-END_BYTES);
  }

  /** @returns where the next event begins, or undefined when this one goes on. */
  #endOfEvent(chunk, at, to) {
    if (this.#atLineEnd && chunk[at] === LF) return at + 1;
    const found = chunk.indexOf('\n\n', at);
    return found >= 0 && found + 2 <= to ? found + 2 : undefined;
  }
}
