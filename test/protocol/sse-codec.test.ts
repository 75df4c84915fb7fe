import { createParser, type EventSourceMessage } from 'eventsource-parser';
import { array, assert, property, string } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Payload, toBuffers } from '../../src/protocol/payload.ts';
import { encodeSseEvent, SSE_HEARTBEAT } from '../../src/protocol/sse-codec.ts';

function heard(...written: Payload[]): { events: EventSourceMessage[]; retries: number[] } {
  const events: EventSourceMessage[] = [];
  const retries: number[] = [];
  const parser = createParser({
    onEvent: (event) => events.push(event),
    onRetry: (retry) => retries.push(retry),
  });
  parser.feed(Buffer.concat(written.flatMap(toBuffers)).toString());
  return { events, retries };
}

describe('an event', () => {
  it('is what a client hears', () => {
    const line = string({ unit: 'grapheme', minLength: 1 }).map((text) => text.replaceAll(/[\r\n\0]/g, '_'));
    assert(
      property(line, line, array(line), (event, id, pieces) => {
        const data = pieces.map((piece) => Buffer.from(piece));
        const { events } = heard(encodeSseEvent({ event, id, data }), encodeSseEvent({ data: 'end' }));
        expect(events[0]).toMatchObject({
          event: event,
          id: id,
          data: pieces.join(''),
        });
        expect(events[1]?.data).toBe('end');
      }),
    );
  });

  it.each([
    [{ data: '{}' }, 'data: {}\n\n'],
    [{ data: [Buffer.from('{'), Buffer.from('}')] }, 'data: {}\n\n'],
    [
      { event: 'message', id: 'a-1', data: '1', retryMs: 3000 },
      'event: message\nid: a-1\nretry: 3000\ndata: 1\n\n',
    ],
    [{ id: '7', data: '' }, 'id: 7\ndata: \n\n'],
  ])('%j', (event, text) => {
    expect(Buffer.concat(toBuffers(encodeSseEvent(event))).toString()).toBe(text);
  });

  it('passes its data on uncopied', () => {
    const data = Buffer.from('{}');
    expect(encodeSseEvent({ data: [data] })).toContain(data);
  });

  it.each([
    { event: 'a\nb' },
    { event: 'a\r' },
    { id: 'a\0' },
    { id: '\n' },
    { retryMs: 1.5 },
    { retryMs: -1 },
    { retryMs: Number.NaN },
  ])('with %j is refused', (bad) => {
    expect(() => encodeSseEvent({ ...bad, data: '{}' })).toThrow(RangeError);
  });
});

describe('the heartbeat', () => {
  it('is heard by nobody', () => {
    const data = '1';
    expect(
      heard(SSE_HEARTBEAT, encodeSseEvent({ data }), SSE_HEARTBEAT).events.map((event) => event.data),
    ).toEqual(['1']);
  });
});
