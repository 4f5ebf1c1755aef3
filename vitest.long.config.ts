import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    globalSetup: ['test/engineSetup.ts'],
    include: ['test/**/*.long.ts'],
    testTimeout: 3_600_000,
    hookTimeout: 600_000,
    pool: 'forks',
    maxWorkers: 1,
  },
});
