import { expect, test } from 'vitest';
import { chooseServer, originOf } from './choose-server.ts';
import type { ProfileFile } from './profile-store.ts';

const file: ProfileFile = {
  v: 1,
  current: 'home',
  profiles: {
    home: { url: 'http://localhost:8080', tokenCommand: 'print token' },
    work: { url: 'https://chat.example.com', token: 'w' },
  },
};
const wish = (fields: { url?: string; profile?: string } = {}) => ({
  url: undefined,
  profile: undefined,
  ...fields,
});

test('without flags and environment: the profile in use', () => {
  expect(chooseServer(wish(), {}, file)).toEqual({
    url: 'http://localhost:8080',
    token: undefined,
    tokenCommand: 'print token',
  });
});

test('the environment wins over the profile in use, a flag over the environment', () => {
  const env = { SWITCHYARD_URL: 'http://other:1', SWITCHYARD_TOKEN: 'e' };
  expect(chooseServer(wish(), env, file)).toMatchObject({ url: 'http://other:1', token: 'e' });
  expect(chooseServer(wish({ profile: 'work' }), env, file)).toMatchObject({
    url: 'https://chat.example.com',
    token: 'w',
  });
  expect(chooseServer(wish(), { SWITCHYARD_PROFILE: 'work' }, file)).toMatchObject({ token: 'w' });
});

test("a profile's token goes to that profile's server alone", () => {
  expect(chooseServer(wish({ profile: 'work', url: 'https://evil.example.com' }), {}, file)).toEqual({
    url: 'https://evil.example.com',
    token: undefined,
    tokenCommand: undefined,
  });
  expect(chooseServer(wish({ url: 'http://localhost:9999' }), {}, file).tokenCommand).toBeUndefined();
  expect(chooseServer(wish({ profile: 'work', url: 'https://chat.example.com/' }), {}, file).token).toBe('w');
});

test('what names no server is said so', () => {
  expect(() => chooseServer(wish(), {}, { v: 1, current: 'default', profiles: {} })).toThrow(
    'switchyard login',
  );
  expect(() => chooseServer(wish({ profile: 'nobody' }), {}, file)).toThrow('there is home, work');
  expect(() => originOf('chat.example.com')).toThrow('not the address of a server');
  expect(() => originOf('file:///etc/passwd')).toThrow('not the address of a server');
});
