import { mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { watchFiles } from '../../src/app/file-watch.ts';

/** Never looks by itself within a test. */
const LOOK_EVERY_MS = 3_600_000;

describe('a watch of files', () => {
  it('is not woken by what else happens in their directories, such as a log', async () => {
    using own = folder();
    const file = join(own.path, 'config.yaml');
    writeFileSync(file, 'a');
    const changes = watching([file]);
    for (let line = 0; line < 50; line += 1) writeFileSync(join(own.path, 'gateway.log'), 'x', { flag: 'a' });
    await changes.woken(() => writeFileSync(file, 'b'));
    // Truncated and written; the fifty came before.
    expect(changes.count).toBeLessThanOrEqual(3);
    changes.stop();
  });

  it('is woken when a link that leads to them points elsewhere', async () => {
    using own = folder();
    for (const version of ['one', 'two']) writeFileSync(join(own.path, version), version);
    symlinkSync('one', join(own.path, '..data'));
    symlinkSync('..data', join(own.path, 'config.yaml'));
    const changes = watching([join(own.path, 'config.yaml')]);
    await changes.woken(() => {
      symlinkSync('two', join(own.path, '..next'));
      renameSync(join(own.path, '..next'), join(own.path, '..data'));
    });
    changes.stop();
  });
});

function watching(files: readonly string[]) {
  let count = 0;
  let wake = (): void => undefined;
  const onChange = (): void => {
    count += 1;
    wake();
  };
  const watch = watchFiles(files, { onChange, onBlind: () => undefined, lookEveryMs: LOOK_EVERY_MS });
  return {
    get count() {
      return count;
    },
    /** Resolves when a change is told after `change`. */
    woken(change: () => void): Promise<void> {
      return new Promise((resolve) => {
        wake = resolve;
        change();
      });
    },
    stop: () => watch.stop(),
  };
}

function folder() {
  const path = mkdtempSync(join(tmpdir(), 'mcp-gateway-watch-'));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true }) };
}
