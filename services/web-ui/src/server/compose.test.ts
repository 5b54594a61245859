import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { Deadline } from '@switchyard/kernel';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startWebUi } from './compose.ts';
import type { RunningWebUi } from './compose.ts';

const PAGE = '<!doctype html><title>page</title>';
let dir = '';
let running: RunningWebUi;
const get = (path: string, headers: Record<string, string> = {}) =>
  fetch(`http://127.0.0.1:${running.port}${path}`, { headers });
const settings = () => ({
  host: '127.0.0.1',
  port: 0,
  metricsPort: 0,
  internalCertFile: '',
  internalKeyFile: '',
  pagesDir: dir,
  drain: 1000,
  logLevel: 'silent' as const,
});

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'web-ui-'));
  await mkdir(join(dir, 'assets'));
  await writeFile(join(dir, 'index.html'), PAGE);
  await writeFile(join(dir, 'assets', 'app-Ab1.js'), 'console.log(1)');
  await writeFile(join(dir, 'assets', 'app-Ab1.js.gz'), gzipSync('console.log(1)'));
  running = await startWebUi(settings());
});
afterAll(async () => {
  await running.stop(Deadline.in(2000));
  await rm(dir, { recursive: true });
});

describe('the pages', () => {
  test.each(['/', '/c/3f-1.2', '/console'])('%s is the page, checked anew each time', async (path) => {
    const response = await get(path);
    expect(await response.text()).toBe(PAGE);
    expect(response.headers.get('cache-control')).toBe('no-cache');
    expect(response.headers.get('content-type')).toContain('text/html');
  });

  test('may load and run nothing but what this origin serves', async () => {
    const policy = (await get('/')).headers.get('content-security-policy') ?? '';
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("img-src 'self'");
    expect(policy).not.toMatch(/unsafe|\*|https?:|data:/);
  });

  test('an unchanged page is confirmed with the same headers', async () => {
    const first = await get('/');
    const again = await get('/', { 'if-none-match': first.headers.get('etag') ?? '' });
    expect(again.status).toBe(304);
    for (const name of ['content-security-policy', 'cache-control', 'referrer-policy']) {
      expect(again.headers.get(name)).toBe(first.headers.get(name));
    }
  });

  test('assets stay for ever and come compressed', async () => {
    const response = await get('/assets/app-Ab1.js', { 'accept-encoding': 'gzip' });
    expect(response.headers.get('cache-control')).toContain('immutable');
    expect(response.headers.get('content-encoding')).toBe('gzip');
    expect(await response.text()).toBe('console.log(1)');
  });

  test.each(['/assets/gone.js', '/gone.svg'])('%s is 404 and not the page', async (path) => {
    const response = await get(path);
    expect(response.status).toBe(404);
    expect(await response.text()).not.toBe(PAGE);
  });

  test('nothing outside of the folder is served', async () => {
    const response = await get('/assets/..%2f..%2f..%2fetc%2fpasswd');
    expect(await response.text()).not.toContain('root:');
  });
});

test('health', async () => {
  expect(await (await get('/health')).json()).toMatchObject({ status: 'ok', service: 'web-ui' });
});

test('without built pages it refuses to start and says how to build them', async () => {
  await expect(startWebUi({ ...settings(), pagesDir: join(dir, 'none') })).rejects.toThrow(/npm run build/);
});
