import { expect, test } from 'vitest';
import { cleanAnswerHeaders, cleanRequestHeaders } from './clean-headers.ts';

const HOP = { remoteAddress: '192.0.2.7', isTls: false, requestId: 'r1', isUpgrade: false };

test('hop-by-hop headers and those that Connection names are dropped', () => {
  const headers = {
    connection: 'keep-alive, X-Private',
    'keep-alive': 'timeout=5',
    te: 'trailers',
    'x-private': '1',
    'proxy-authorization': 'Basic x',
    upgrade: 'h2c',
    accept: 'text/html',
  };
  cleanRequestHeaders(headers, HOP);
  expect(Object.keys(headers).toSorted()).toEqual([
    'accept',
    'x-forwarded-for',
    'x-forwarded-proto',
    'x-request-id',
  ]);
});

test('Connection cannot be used to strip what a service needs', () => {
  const headers = { connection: 'host, content-length', host: 'a', 'content-length': '3' };
  cleanRequestHeaders(headers, HOP);
  expect(headers).toMatchObject({ host: 'a', 'content-length': '3' });
});

test('forwarding and identity headers from outside are replaced', () => {
  const headers = {
    host: 'chat.example',
    forwarded: 'for=1.1.1.1',
    'x-forwarded-for': '1.1.1.1',
    'x-forwarded-user': 'root',
    'x-real-ip': '1.1.1.1',
    'x-user-type': 'privileged',
    'x-session-id': 's',
    'x-switchyard-site-origin': 'own',
    'x-user-timezone': 'Europe/Berlin',
    'x-id-token': 't',
  };
  cleanRequestHeaders(headers, { ...HOP, isTls: true });
  expect(headers).toEqual({
    host: 'chat.example',
    'x-user-timezone': 'Europe/Berlin',
    'x-id-token': 't',
    'x-forwarded-for': '192.0.2.7',
    'x-forwarded-proto': 'https',
    'x-forwarded-host': 'chat.example',
    'x-request-id': 'r1',
  });
});

test('an upgrade keeps the two headers that make it one', () => {
  const headers = { connection: 'keep-alive, Upgrade', upgrade: 'websocket' };
  cleanRequestHeaders(headers, { ...HOP, isUpgrade: true });
  expect(headers).toMatchObject({ connection: 'Upgrade', upgrade: 'websocket' });
});

test('answers lose the hop and the name of the program', () => {
  const headers = {
    connection: 'close',
    'keep-alive': 'x',
    server: 'a',
    'x-powered-by': 'b',
    'content-type': 'text/plain',
  };
  cleanAnswerHeaders(headers);
  expect(headers).toEqual({ 'content-type': 'text/plain' });
});
