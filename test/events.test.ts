import { describe, expect, it } from 'vitest';
import { createEvents, type GatewayEvent } from '../src/events.ts';

const STOPPED: GatewayEvent = { type: 'gateway.stopped' };

describe('events', () => {
  it('are told once to whoever subscribed twice, as it asked last', () => {
    const events = createEvents();
    let told = 0;
    const listener = (): void => {
      told += 1;
    };
    events.subscribe(listener, { messages: true });
    const end = events.subscribe(listener);
    expect(events.messagesWanted).toBe(false);
    events.emit(STOPPED);
    expect(told).toBe(1);
    end();
    events.emit(STOPPED);
    expect(told).toBe(1);
  });

  it('reach everybody who was there, whoever comes, goes or throws meanwhile', () => {
    const events = createEvents();
    const told: string[] = [];
    events.subscribe(() => {
      endB();
      events.subscribe(() => told.push('late'));
      throw new Error('of a listener');
    });
    const endB = events.subscribe(() => told.push('b'));
    events.emit(STOPPED);
    expect(told).toEqual(['b']);
    events.emit(STOPPED);
    expect(told).toEqual(['b', 'late']);
  });
});
