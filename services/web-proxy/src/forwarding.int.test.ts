import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished } from 'vitest';
import { echo, proxyTest } from '../test/proxy-lab.ts';
import type { Echoed } from '../test/proxy-lab.ts';
import { bytesOf, requestOf, sendRaw } from '@switchyard/testkit';

/** A service that answers each request with these bytes and closes. */
const startRaw = async (bytes: string) => {
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.once('data', () => socket.end(bytesOf(bytes)));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => new Promise<void>((resolve) => server.close(() => resolve())));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
};

const get = (path: string, lines: readonly string[] = []): string =>
  requestOf([`GET ${path} HTTP/1.1`, 'Host: a', 'Connection: close', ...lines]);

/** Each is what a service says, and what of it a client gets: status, and the body after the head. */
const ANSWERS: Readonly<Record<string, [string, number, string]>> = {
  'a length': ['HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello', 200, 'hello'],
  'an end without a length': [
    'HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhello',
    200,
    '5\r\nhello\r\n0\r\n\r\n',
  ],
  'chunks and a trailer, which ends here': [
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-T\r\n\r\n5\r\nhello\r\n0\r\nX-T: 1\r\n\r\n',
    200,
    '5\r\nhello\r\n0\r\n\r\n',
  ],
  'no content': ['HTTP/1.1 204 No Content\r\nX-A: b\r\n\r\n', 204, ''],
  'not modified, with the length of what was not sent': [
    'HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\nETag: "a"\r\n\r\n',
    304,
    '',
  ],
  'a word before the answer, which is for us': [
    'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello',
    200,
    'hello',
  ],
  'a reason of its own': ['HTTP/1.1 299 As It Is\r\nContent-Length: 0\r\n\r\n', 299, ''],
};

proxyTest('an answer is passed on as it was framed, without what is for this hop', async ({ lab }) => {
  for (const [name, [bytes, status, body]] of Object.entries(ANSWERS)) {
    const ui = await startRaw(bytes);
    const { listener } = await lab.start({ targets: { ui: ui.url } });
    const { statuses, text } = await sendRaw(listener.port, get('/'));
    const head = text.slice(0, text.indexOf('\r\n\r\n') + 4);
    expect([name, statuses, text.slice(head.length)]).toEqual([name, [status], body]);
    expect(head).not.toMatch(/^(?:trailer|link):/imu);
    expect(head.match(/^(?:connection|content-length|transfer-encoding):/gimu) ?? []).not.toContain('');
    expect(head.match(/^connection: close\r$/gimu)).toHaveLength(1);
  }
});

/** What can be read, or not even that, and cannot be passed on. */
const UNUSABLE: Readonly<Record<string, string>> = {
  'a status that is none': 'HTTP/1.1 007 Bond\r\nContent-Length: 0\r\n\r\n',
  'no HTTP': 'this is no HTTP\r\n\r\n',
  'two lengths': 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\naa',
  'another protocol': 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n',
  nothing: '',
};

proxyTest('an answer that cannot be passed on is 503, and the proxy lives', async ({ lab }) => {
  for (const [name, bytes] of Object.entries(UNUSABLE)) {
    const ui = await startRaw(bytes);
    const { listener } = await lab.start({ targets: { ui: ui.url } });
    for (let times = 0; times < 2; times += 1) {
      const { statuses, errorTypes } = await sendRaw(listener.port, get('/'));
      expect([name, statuses, errorTypes]).toEqual([name, [503], ['upstream_unavailable']]);
    }
  }
});

proxyTest('HEAD has the head of GET and no body, over a connection that is kept', async ({ lab }) => {
  const sockets = new Set<Socket>();
  const ui = await lab.upstream((request, response) => {
    sockets.add(request.socket);
    response.setHeader('content-length', 5);
    response.end(request.method === 'HEAD' ? undefined : 'hello');
  });
  const { listener } = await lab.start({ targets: { ui: ui.url } });
  for (const method of ['HEAD', 'GET', 'HEAD']) {
    const { statuses, text } = await sendRaw(
      listener.port,
      requestOf([`${method} / HTTP/1.1`, 'Host: a', 'Connection: close']),
    );
    expect(statuses).toEqual([200]);
    expect(text).toMatch(/^content-length: 5\r$/imu);
    expect(text.endsWith('hello')).toBe(method === 'GET');
  }
  expect(sockets.size).toBe(1);
});

/** Bodies and how they are announced, and what a service sees of both. */
const BODIES: Readonly<Record<string, [string, string, { size: number; length?: string; coding?: string }]>> =
  {
    'a POST of a length': ['POST', 'Content-Length: 5\r\n\r\nhello', { size: 5, length: '5' }],
    'a POST in chunks': [
      'POST',
      'Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n',
      { size: 5, coding: 'chunked' },
    ],
    'a POST of nothing': ['POST', 'Content-Length: 0\r\n\r\n', { size: 0, length: '0' }],
    'a POST that says nothing': ['POST', '\r\n', { size: 0, length: '0' }],
    'a DELETE in chunks': [
      'DELETE',
      'Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n',
      { size: 5, coding: 'chunked' },
    ],
    'a DELETE of a length': ['DELETE', 'Content-Length: 5\r\n\r\nhello', { size: 5, length: '5' }],
    'an OPTIONS that says nothing': ['OPTIONS', '\r\n', { size: 0, length: '0' }],
    'a GET of a length': ['GET', 'Content-Length: 5\r\n\r\nhello', { size: 5, length: '5' }],
    'a GET that says nothing': ['GET', '\r\n', { size: 0 }],
  };

proxyTest('a body reaches its service in its own framing', async ({ lab }) => {
  const ingress = await lab.upstream(echo('ingress'));
  const { listener } = await lab.start({ targets: { ingress: ingress.url } });
  for (const [name, [method, rest, { size, length, coding }]] of Object.entries(BODIES)) {
    const begin = `${method} /profile HTTP/1.1\r\nHost: a\r\nConnection: close\r\n`;
    const { text } = await sendRaw(listener.port, begin + rest);
    const seen = JSON.parse(/\{.*\}/u.exec(text)?.[0] ?? '{}') as Echoed;
    const { 'content-length': gotLength, 'transfer-encoding': gotCoding } = seen.headers;
    expect([name, seen.method, seen.size, gotLength, gotCoding]).toEqual([
      name,
      method,
      size,
      length,
      coding,
    ]);
  }
});

proxyTest(
  'who waits for a word before the body gets it from us, and the service hears nothing',
  async ({ lab }) => {
    const ingress = await lab.upstream(echo('ingress'));
    const { listener } = await lab.start({ targets: { ingress: ingress.url } });
    const socket = connect(listener.port, '127.0.0.1');
    socket.write('POST /sse/chat HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n');
    const [word] = (await once(socket, 'data')) as [Buffer];
    expect(word.toString()).toBe('HTTP/1.1 100 Continue\r\n\r\n');
    socket.write('hello');
    const [answer] = (await once(socket, 'data')) as [Buffer];
    expect(answer.toString()).toContain('"size":5');
    expect(answer.toString()).not.toContain('expect');
    socket.destroy();
  },
);

proxyTest(
  'a request of HTTP/1.0 without Host has the one of the service, and its answer ends with the connection',
  async ({ lab }) => {
    const ui = await lab.upstream((request, response) => {
      response.write(`for ${request.headers.host}`);
      response.end();
    });
    const { listener } = await lab.start({ targets: { ui: ui.url } });
    const { text } = await sendRaw(listener.port, 'GET / HTTP/1.0\r\n\r\n');
    expect(text).toMatch(/^HTTP\/1\.1 200 OK\r\n/u);
    expect(text).not.toMatch(/^transfer-encoding:/imu);
    expect(text.slice(text.indexOf('\r\n\r\n') + 4)).toBe(`for ${new URL(ui.url).host}`);
  },
);

const MIB = 1024 * 1024;
/** Far over what sockets and streams hold of themselves on the whole way. */
const MUCH = 64 * MIB;
const HELD_AT_MOST = 24 * MIB;

proxyTest(
  'a client that does not read holds its service up, and gets all of it when it does',
  async ({ lab }) => {
    let written = 0;
    const piece = Buffer.alloc(256 * 1024, 'a');
    const ui = await lab.upstream((_request, response) => {
      const more = (): void => {
        while (written < MUCH) {
          written += piece.length;
          if (!response.write(piece)) return void response.once('drain', more);
        }
        response.end();
      };
      more();
    });
    const { listener } = await lab.start({ targets: { ui: ui.url }, idleTimeoutMs: 60_000 });
    const socket = connect(listener.port, '127.0.0.1');
    socket.write(get('/'));
    await once(socket, 'readable');
    await standsStill(() => written);
    expect(written).toBeLessThan(HELD_AT_MOST);
    let got = 0;
    for await (const chunk of socket) got += (chunk as Buffer).length;
    expect(written).toBe(MUCH);
    expect(got).toBeGreaterThan(MUCH);
  },
);

/** A body of `MUCH` bytes in pieces, as its framing wants them. */
const pieceOf = (isChunked: boolean, size: number): Buffer => {
  const piece = Buffer.alloc(size, 'a');
  return isChunked
    ? Buffer.concat([Buffer.from(`${size.toString(16)}\r\n`), piece, Buffer.from('\r\n')])
    : piece;
};

for (const framing of [`Content-Length: ${MUCH}`, 'Transfer-Encoding: chunked'])
  proxyTest(`a service that does not read holds its client up: ${framing}`, async ({ lab }) => {
    const read = Promise.withResolvers<void>();
    const ingress = await lab.upstream((request, response) => {
      void read.promise.then(() => echo('ingress')(request, response));
    });
    const { listener } = await lab.start({
      targets: { ingress: ingress.url },
      maxBodyBytes: 2 * MUCH,
      bodyIdleMs: 60_000,
      idleTimeoutMs: 60_000,
    });
    const isChunked = framing.startsWith('Transfer');
    const piece = pieceOf(isChunked, 256 * 1024);
    const socket = connect(listener.port, '127.0.0.1');
    let answered = '';
    socket.on('data', (chunk: Buffer) => (answered += chunk.toString('latin1')));
    socket.write(requestOf(['POST /sse/chat HTTP/1.1', 'Host: a', 'Connection: close', framing]));
    let written = 0;
    const more = (): void => {
      while (written < MUCH) {
        written += 256 * 1024;
        if (!socket.write(piece)) return void socket.once('drain', more);
      }
      if (isChunked) socket.write('0\r\n\r\n');
    };
    more();
    await standsStill(() => written);
    expect(written).toBeLessThan(HELD_AT_MOST);
    read.resolve();
    await once(socket, 'close');
    expect(answered).toContain(`"size":${MUCH}`);
  });

/** Resolves when a figure has not changed for as long as bytes take that are on their way. */
const standsStill = async (figure: () => number): Promise<void> => {
  for (let [before, times] = [-1, 0]; times < 20;) {
    times = figure() === before ? times + 1 : 0;
    before = figure();
    await sleep(25);
  }
};

proxyTest(
  'a service that answers before it has the body is heard, and its connection is not kept',
  async ({ lab }) => {
    const left = Promise.withResolvers<void>();
    const ingress = await lab.upstream((request, response) => {
      request.socket.once('close', () => left.resolve());
      response.writeHead(413, { 'content-length': 2 }).end('no');
    });
    const { listener } = await lab.start({ targets: { ingress: ingress.url } });
    const socket = connect(listener.port, '127.0.0.1');
    socket.on('error', () => {});
    socket.write('POST /sse/chat HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nhalf');
    const [answer] = (await once(socket, 'data')) as [Buffer];
    expect(answer.toString()).toMatch(/^HTTP\/1\.1 413 /u);
    await left.promise;
    socket.destroy();
  },
);

const HALVES = ['Content-Length: 100\r\n\r\nhalf', 'Transfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n'];

proxyTest('a client that leaves in mid-body ends the request of its service', async ({ lab }) => {
  for (const half of HALVES) {
    const begun = Promise.withResolvers<void>();
    const ended = Promise.withResolvers<string>();
    const ingress = await lab.upstream((request) => {
      request.once('data', () => begun.resolve());
      request.once('error', () => ended.resolve('broken off'));
      request.once('end', () => ended.resolve('whole'));
    });
    const { listener } = await lab.start({ targets: { ingress: ingress.url } });
    const socket = connect(listener.port, '127.0.0.1');
    socket.write(`POST /sse/chat HTTP/1.1\r\nHost: a\r\n${half}`);
    await begun.promise;
    socket.destroy();
    expect(await ended.promise).toBe('broken off');
  }
});

proxyTest('what came several times from outside is what was looked at, once', async ({ lab }) => {
  const ingress = await lab.upstream((request, response) => response.end(JSON.stringify(request.rawHeaders)));
  const { listener } = await lab.start({ targets: { ingress: ingress.url } });
  const { text } = await sendRaw(
    listener.port,
    get('/profile', [
      'Authorization: Bearer a',
      'Authorization: Bearer b',
      'X-A: 1',
      'X-A: 2',
      'Set-Cookie: a',
      'Set-Cookie: b',
    ]),
  );
  const raw = JSON.parse(/\[.*\]/u.exec(text)?.[0] ?? '[]') as string[];
  const valuesOf = (name: string) => raw.filter((_value, at) => at % 2 === 1 && raw[at - 1] === name);
  expect(valuesOf('authorization')).toEqual(['Bearer a']);
  expect(valuesOf('x-a')).toEqual(['1, 2']);
  expect(valuesOf('set-cookie')).toEqual(['a', 'b']);
});
