import { expect, test } from 'vitest';
import { z } from 'zod';
import { bytes, duration, flag, integer, list, secret, text } from './config-values.ts';
import { describeConfig, loadConfig } from './config.ts';

const schema = z.object({
  port: integer(8010, 1, 65_535).describe('Port to listen on.'),
  leaseTtl: duration('5s').describe('How long a lease lasts.'),
  maxBody: bytes('25MiB').describe('Largest body.'),
  isOpen: flag(true).describe('Whether anonymous use is allowed.'),
  origins: list().describe('Allowed origins.'),
  redisUrl: text().describe('Where Redis is.'),
  masterKey: secret().describe('Seals keys at rest.'),
});

test('settings come from the environment, with units, and are frozen', () => {
  const config = loadConfig(
    schema,
    { REDIS_URL: 'redis://x', MASTER_KEY: 'k', LEASE_TTL: '250ms', MAX_BODY: '1KiB', ORIGINS: 'a, b' },
    'x',
  );
  expect(config).toMatchObject({
    port: 8010,
    leaseTtl: 250,
    maxBody: 1024,
    isOpen: true,
    origins: ['a', 'b'],
  });
  expect(Object.isFrozen(config)).toBe(true);
});

test('one line names every problem and no value', () => {
  const load = () => loadConfig(schema, { PORT: '99999', LEASE_TTL: 'canary' }, 'x');
  expect(load).toThrow(/PORT: .*LEASE_TTL: expected a value like 30s.*REDIS_URL: .*MASTER_KEY: /);
  expect(load).not.toThrow(/canary/);
});

test('a secret prints as [redacted] wherever it turns up', () => {
  const { masterKey } = loadConfig(schema, { REDIS_URL: 'r', MASTER_KEY: 'canary' }, 'x');
  expect(masterKey.reveal()).toBe('canary');
  expect(`${masterKey.toString()} ${JSON.stringify({ masterKey })}`).toBe(
    '[redacted] {"masterKey":"[redacted]"}',
  );
});

test('an empty variable counts as not set', () => {
  expect(loadConfig(schema, { REDIS_URL: 'r', MASTER_KEY: 'k', PORT: '' }, 'x').port).toBe(8010);
});

test('the table of settings has name, fallback and sentence', () => {
  const rows = describeConfig(schema);
  expect(rows.find((row) => row.name === 'LEASE_TTL')).toEqual({
    name: 'LEASE_TTL',
    fallback: '5000',
    about: 'How long a lease lasts.',
    isRequired: false,
  });
  expect(rows.find((row) => row.name === 'REDIS_URL')?.isRequired).toBe(true);
});
