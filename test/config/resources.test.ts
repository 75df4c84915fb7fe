import { describe, expect, it } from 'vitest';
import { accepted, refused } from './support.ts';

const server = (resources: string): string =>
  `servers:\n  fs:\n    command: npx\n    resources: ${resources}\n`;
const memoryOf = (text: string): unknown =>
  accepted(server(`{memory: ${text}}`)).config.servers.get('fs')?.resources?.memory;

describe('resources', () => {
  it.each([
    ['1048576', 1_048_576],
    ['512MiB', 536_870_912],
    ['512M', 536_870_912],
    ['1.5GiB', 1_610_612_736],
    ['"2g"', 2_147_483_648],
    ['2048KiB', 2_097_152],
  ])('memory: %s is an amount', (text, bytes) => {
    expect(memoryOf(text)).toBe(bytes);
  });

  it.each(['0', '-1', '512MB', '"512 MiB"', 'lots', '""', '.inf', '1000', '2000TiB', '99999999999999999999'])(
    'memory: %s is none',
    (text) => {
      expect(refused(server(`{memory: ${text}}`))).toEqual([
        expect.stringMatching(
          /^c\.yaml:4:\d+: servers\.fs\.resources\.memory: (this is not an amount of memory|must be between 1MiB and 1024TiB|[^;]*)/,
        ),
      ]);
    },
  );

  it('are told what is wrong with them all at once', () => {
    const text = server('{memory: x, cpu: 0, processes: 0.5, cgroup: relative, disk: 1}');
    expect(refused(text).map((line) => line.replace(/^c\.yaml:4:\d+: servers\.fs\.resources\./, ''))).toEqual(
      [
        expect.stringMatching(/^memory: this is not an amount of memory/),
        expect.stringMatching(/^cpu: /),
        expect.stringMatching(/^processes: /),
        expect.stringMatching(/^processes: /),
        expect.stringMatching(/^cgroup: must be an absolute path/),
        expect.stringMatching(/^disk: unknown key/),
      ],
    );
    expect(refused(server('{cgroup: /sys/../etc}'))).toEqual([
      expect.stringMatching(/must be an absolute path/),
    ]);
  });

  it('are nothing when left out', () => {
    expect(accepted('servers: {fs: {command: npx}}\n').config.servers.get('fs')?.resources).toBeUndefined();
  });
});
