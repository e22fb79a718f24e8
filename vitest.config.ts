import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['{main,shared,renderer,test}/**/*.test.ts'],
    environment: 'node',
    // System tests start real boxes with real encoders: two at a time is what two cores can carry.
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 60_000,
    reporters: ['default'],
  },
});
