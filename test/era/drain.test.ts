import { describe, expect, it } from 'vitest';
import { fixture, groupsGone, runs, startGateway } from '../support/gateway.ts';
import { ModernClient } from '../support/modern-client.ts';

const SERVERS = {
  modern: runs(fixture('modern-hostile.mjs')),
  legacy: runs(fixture('hostile-server.mjs')),
};

describe('a gateway that stops', () => {
  it.each(['modern', 'legacy'])(
    '[fault 116] lets a running call of a client without a session finish on a %s server',
    async (server) => {
      await using gateway = await startGateway({ servers: SERVERS });
      const client = new ModernClient(gateway.port, `/${server}`);
      await client.text('pid');
      const running = client.text('sleep', { ms: 400 });
      // Starts once the server has both: its answer to the second call shows that it has the first.
      await client.text('pid');
      const stopped = gateway.stop();
      expect(await running).toBe('slept');
      await stopped;
      await groupsGone(gateway.pids());
    },
  );

  it.each(['modern', 'legacy'])('does not wait for a subscription on a %s server', async (server) => {
    await using gateway = await startGateway({ servers: SERVERS, http: { drainMs: 20_000 } });
    const client = new ModernClient(gateway.port, `/${server}`);
    const listen = client.send('subscriptions/listen', { notifications: { toolsListChanged: true } });
    await listen.until(() => listen.raw.includes('acknowledged'));
    const startMs = performance.now();
    await gateway.stop();
    expect(performance.now() - startMs).toBeLessThan(10_000);
    await groupsGone(gateway.pids());
  });
});
