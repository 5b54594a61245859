import { expect, test } from 'vitest';
import { UsageError, readArguments } from './arguments.ts';

const read = (...argv: string[]) => readArguments(argv, '/repo', '/somewhere');

test('without flags: the usual ports, data beside the repository', () => {
  expect(read('up')).toMatchObject({
    verb: 'up',
    dataDir: '/repo/.data',
    isDetached: false,
    ports: {
      'web-proxy': 8080,
      'chat-ingress': 8010,
      'chat-proc': 8020,
      proxylogin: 8040,
      'web-ui': 8030,
      secrets: 7777,
      exec: 8050,
      sites: 8081,
    },
  });
});

test('--port is the port of the page, every service has its own flag', () => {
  const { ports } = read('up', '--port', '9000', '--chat-proc-port', '9001', '--detach');
  expect(ports).toMatchObject({ 'web-proxy': 9000, 'chat-proc': 9001, 'chat-ingress': 8010 });
});

test('HTTPS is spoken where it was asked for', () => {
  expect([read('up').isTls, read('up', '--tls').isTls]).toEqual([false, true]);
});

test('--data is taken from where the user stands', () => {
  expect(read('up', '--data', 'here').dataDir).toBe('/somewhere/here');
  expect(read('up', '--data', '/there').dataDir).toBe('/there');
});

test.each([
  [['up', '--port', 'x'], '--port: x is not a port'],
  [['up', '--port', '70000'], '--port: 70000 is not a port'],
  [['up', '--port', '8081'], '--sites-port and --port both say 8081'],
  [['up', '--port', '8010'], '--port and --chat-ingress-port both say 8010'],
  [['up', '--prot', '1'], "Unknown option '--prot'"],
])('%j is refused in one line', (argv, message) => {
  expect(() => read(...argv)).toThrow(UsageError);
  try {
    read(...argv);
  } catch (error) {
    expect(error instanceof Error ? error.message : '').toContain(message);
    expect(error instanceof Error ? error.message : '').not.toContain('\n');
  }
});
