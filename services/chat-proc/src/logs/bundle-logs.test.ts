import { silentLog } from '@switchyard/telemetry';
import { expect, test } from 'vitest';
import { BundleLogs } from './bundle-logs.ts';
import type { LogEntry } from './bundle-logs.ts';
import { teeLog } from './tee-log.ts';

const line = (text: string): LogEntry => ({ time: '', level: 'info', text });
const texts = (entries: readonly LogEntry[]): string[] => entries.map(({ text }) => text);

test('a reader goes on where it was, and is told what was pushed out before it came', () => {
  const logs = new BundleLogs();
  expect(logs.after('a', 0)).toEqual({ entries: [], position: 0, missed: 0 });
  logs.write('a', line('1'));
  logs.write('b', line('other'));
  logs.write('a', line('2'));
  const first = logs.after('a', 0);
  expect(texts(first.entries)).toEqual(['1', '2']);
  expect(logs.after('a', first.position)).toEqual({ entries: [], position: 2, missed: 0 });
  for (let at = 3; at <= 1000; at += 1) logs.write('a', line(String(at)));
  const later = logs.after('a', first.position);
  expect(later).toMatchObject({ position: 1000, missed: 498 });
  expect(later.entries).toHaveLength(500);
  expect(later.entries[0]).toMatchObject({ text: '501' });
});

test('a wait ends with the next line or with its signal, and the bundles that wrote last are kept', async () => {
  const logs = new BundleLogs();
  const waiting = logs.next('a', new AbortController().signal);
  for (let at = 0; at < 300; at += 1) logs.write(`b${at}`, line('x'));
  logs.write('a', line('now'));
  await waiting;
  expect(texts(logs.after('a', 0).entries)).toEqual(['now']);
  expect(logs.after('b0', 0).entries).toEqual([]);
  expect(logs.after('b299', 0).entries).toHaveLength(1);
  const stop = new AbortController();
  const stopped = logs.next('a', stop.signal);
  stop.abort();
  await stopped;
});

test('lines about a bundle are kept as its author reads them, others are not', () => {
  const logs = new BundleLogs();
  const log = teeLog(silentLog, logs, { now: () => 0 }).child({ tenant: 't' });
  log.info('worker started', { port: 1 });
  const bound = log.child({ version_id: 'hello__folder__1', turn_id: 'turn-1' });
  bound.warn('bundle wrote', { text: 'careful' });
  bound.warn('turn failed', { reason: 'Error: the moon is missing' });
  log.info('bundle wrote a log line outside of an invocation', {
    bundle_id: 'hello',
    level_of_bundle: 'error',
    text: 'x'.repeat(5000),
  });
  const { entries } = logs.after('hello', 0);
  const time = '1970-01-01T00:00:00.000Z';
  const of = { time, level: 'warn', version_id: 'hello__folder__1', turn_id: 'turn-1' };
  expect(entries.slice(0, 2)).toEqual([
    { ...of, text: 'careful' },
    { ...of, text: 'turn failed: Error: the moon is missing', from: 'platform' },
  ]);
  expect(entries[2]).toMatchObject({ level: 'error' });
  expect(entries[2]?.text).toHaveLength(4003);
});
