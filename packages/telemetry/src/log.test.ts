import { Writable } from 'node:stream';
import { expect, test } from 'vitest';
import { createLog } from './log.ts';

function capture() {
  const lines: string[] = [];
  const destination = new Writable({
    write(chunk: Buffer, _encoding, done) {
      lines.push(chunk.toString());
      done();
    },
  });
  return { lines, destination };
}

test('a line is JSON with level, service, message and bound fields', () => {
  const { lines, destination } = capture();
  createLog({ service: 'x', level: 'info', destination })
    .child({ turn_id: 't1' })
    .info('turn started', { lane: 'paid' });
  expect(JSON.parse(lines[0] ?? '')).toMatchObject({
    level: 'info',
    service: 'x',
    msg: 'turn started',
    turn_id: 't1',
    lane: 'paid',
  });
});

test('secrets in known fields do not reach the line, also one level down', () => {
  const { lines, destination } = capture();
  const log = createLog({ service: 'x', level: 'info', destination });
  log.info('request', {
    authorization: 'Bearer canary',
    headers: { cookie: 'canary', authorization: 'canary' },
  });
  expect(lines.join('')).not.toContain('canary');
});

test('nor do those of bound fields, of an error and of an object with a class; what was logged stays as it is', () => {
  const { lines, destination } = capture();
  const log = createLog({ service: 'x', level: 'info', destination });
  class Session {
    readonly token = 'canary';
    readonly user = 'ada';
  }
  const fields = { session: new Session(), headers: { cookie: 'canary', accept: 'text' } };
  log.child({ password: 'canary', bound: { id_token: 'canary' } }).info('signed in', fields);
  log.error('failed', { error: Object.assign(new Error('boom'), { secret: 'canary', code: 'E1' }) });
  expect(lines.join('')).not.toContain('canary');
  expect(JSON.parse(lines[0] ?? '')).toMatchObject({
    session: { user: 'ada', token: '[redacted]' },
    headers: { accept: 'text' },
  });
  expect(JSON.parse(lines[1] ?? '')).toMatchObject({ error: { message: 'boom', code: 'E1' } });
  expect(fields.headers.cookie).toBe('canary');
});

test('an error is written with its message and stack', () => {
  const { lines, destination } = capture();
  createLog({ service: 'x', level: 'info', destination }).error('failed', { error: new Error('boom') });
  expect(JSON.parse(lines[0] ?? '')).toMatchObject({
    error: { message: 'boom', stack: expect.stringContaining('boom') as string },
  });
});

test('lines under the level are not written', () => {
  const { lines, destination } = capture();
  createLog({ service: 'x', level: 'warn', destination }).info('nothing');
  expect(lines).toEqual([]);
});
