import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['{main,shared,renderer,test}/**/*.test.ts'],
    environment: 'node',
    // System tests start real boxes with real encoders: mostly they wait for their rooms, so three share two cores well.
    maxWorkers: 3,
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // A state that is waited for may take as long as a busy machine needs.
    expect: { poll: { timeout: 30_000 } },
    reporters: ['default'],
  },
});
