import { defineConfig } from 'vitest/config';

/** What replaces a module, looks at the heap of its own process or changes its environment has a process to itself. */
const ALONE = [
  'test/app/auth-routes.test.ts',
  'test/app/secrets.test.ts',
  'test/instance/environment.test.ts',
  'test/mcp/abandoned.test.ts',
  'test/relay/long-lived.test.ts',
];

const PAGE = 'test/page/*.test.ts';

export default defineConfig({
  test: {
    globalSetup: ['test/support/global-setup.ts'],
    testTimeout: 30_000,
    hookTimeout: 30_000,
    pool: 'forks',
    maxWorkers: 3,
    projects: [
      { extends: true, test: { name: 'alone', include: ALONE } },
      // One load of the source for many files: a third of the time of a run went into it.
      {
        extends: true,
        test: { name: 'together', include: ['test/**/*.test.ts'], exclude: [...ALONE, PAGE], isolate: false },
      },
      // Needs a browser: `npm run test:page`.
      { extends: true, test: { name: 'page', include: [PAGE] } },
    ],
  },
});
