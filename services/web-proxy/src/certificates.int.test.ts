import { rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { connect } from 'node:tls';
import type { ConnectionOptions, TLSSocket } from 'node:tls';
import { createLog, silentLog } from '@switchyard/telemetry';
import { expect, onTestFinished } from 'vitest';
import { makeCertificate, openCertificateFolder } from '../test/make-certificate.ts';
import { echo, proxyTest } from '../test/proxy-lab.ts';
import { bytesOf, openSlow, requestOf } from '@switchyard/testkit';
import { openCertificates } from './certificates.ts';

const openFolder = async () => {
  const folder = await openCertificateFolder();
  onTestFinished(() => folder.remove());
  return folder;
};

const openTls = (port: number, options: ConnectionOptions): Promise<TLSSocket> =>
  new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false, ...options }, () =>
      resolve(socket),
    );
    socket.once('error', reject);
  });

/** The first name of the certificate that a client gets who asks for this one. */
const nameFor = async (port: number, servername?: string): Promise<string> => {
  const socket = await openTls(port, servername === undefined ? {} : { servername });
  const name = String(socket.getPeerCertificate().subject.CN);
  socket.destroy();
  return name;
};

proxyTest('each name gets its own certificate, whatever the files are called', async ({ lab }) => {
  const folder = await openFolder();
  const main = await folder.put('main', await makeCertificate(['chat.example.com']));
  const others = path.join(folder.dir, 'others');
  const put = async (names: string[], cert: string, key: string, days?: number) =>
    folder.put('', await makeCertificate(names, days === undefined ? {} : { days }), {
      cert: `others/${cert}`,
      key: `others/${key}`,
    });
  await put(['blog.example.com', 'www.blog.example.com'], 'zzz.crt', 'zzz.key');
  await put(['*.sites.example.com'], 'live/fullchain.pem', 'live/privkey.pem');
  await put(['docs.example.com'], 'docs.pem', 'docs.key');
  await put(['kept.example.com', 'docs.example.com'], 'older/tls.crt', 'older/tls.key', 3);
  await writeFile(path.join(others, 'notes.txt'), 'no certificate');
  await writeFile(path.join(others, 'alone.crt'), 'a certificate without a key is none');
  const certificates = await openCertificates({ files: main, dir: others }, silentLog);
  const { listener, sitesPort } = await lab.start({ certificates });
  for (const port of [listener.port, sitesPort]) {
    expect(await nameFor(port)).toBe('chat.example.com');
    expect(await nameFor(port, 'unknown.example.com')).toBe('chat.example.com');
    expect(await nameFor(port, 'WWW.blog.example.com')).toBe('blog.example.com');
    expect(await nameFor(port, 'a.sites.example.com')).toBe('*.sites.example.com');
    expect(await nameFor(port, 'a.b.sites.example.com')).toBe('chat.example.com');
    // Of two the one that lasts longer.
    expect(await nameFor(port, 'docs.example.com')).toBe('docs.example.com');
    expect(await nameFor(port, 'kept.example.com')).toBe('kept.example.com');
  }
  const covered = ['chat.example.com', 'a.sites.example.com', 'evil.example', 'sites.example.com', ''];
  expect(covered.map((name) => certificates.covers(name))).toEqual([true, true, false, false, false]);
});

proxyTest('new files are used without a restart, and bad ones change nothing', async ({ lab }) => {
  const folder = await openFolder();
  const files = await folder.put('main', await makeCertificate(['one.example.com']));
  await folder.put('', await makeCertificate(['other.example.com']), {
    cert: 'more/o.crt',
    key: 'more/o.key',
  });
  const lines: string[] = [];
  const log = createLog({
    service: 'web-proxy',
    level: 'info',
    destination: { write: (line: string) => void lines.push(line) },
  });
  const certificates = await openCertificates({ files, dir: path.join(folder.dir, 'more') }, log);
  const ui = await lab.upstream(echo('ui'));
  const { listener } = await lab.start({ certificates, targets: { ui: ui.url } });
  const open = await openTls(listener.port, {});

  const second = await makeCertificate(['two.example.com']);
  await folder.put('main', second);
  await folder.put('', await makeCertificate(['new.example.com']), { cert: 'more/n.crt', key: 'more/n.key' });
  expect(await nameFor(listener.port)).toBe('one.example.com');
  await certificates.reload();
  expect(await nameFor(listener.port)).toBe('two.example.com');
  expect(await nameFor(listener.port, 'new.example.com')).toBe('new.example.com');
  expect(lines).toHaveLength(1);

  const bad: [string, () => Promise<unknown>][] = [
    ['a wrong key', async () => writeFile(files.key, (await makeCertificate(['x.example.com'])).key)],
    ['half a file', () => writeFile(files.cert, second.cert.slice(0, 200))],
    ['no key', () => rm(files.key)],
    ['a bad one in the folder', () => writeFile(path.join(folder.dir, 'more/n.crt'), 'nonsense')],
  ];
  for (const [name, spoil] of bad) {
    lines.length = 0;
    await spoil();
    await certificates.reload();
    expect([name, await nameFor(listener.port)]).toEqual([name, 'two.example.com']);
    expect(await nameFor(listener.port, 'new.example.com')).toBe('new.example.com');
    expect([name, lines.length]).toEqual([name, 1]);
    expect(lines[0]).toContain('the old ones stay');
    expect(lines[0]).not.toContain('PRIVATE KEY');
    // Mended, but for what is not changed: it is as it was before.
    await folder.put('main', second);
    await folder.put('', await makeCertificate(['new.example.com']), {
      cert: 'more/n.crt',
      key: 'more/n.key',
    });
    await certificates.reload();
  }

  const third = await makeCertificate(['three.example.com']);
  await folder.put('main', third);
  await Promise.all([certificates.reload(), certificates.reload()]);
  await certificates.reload();
  expect(await nameFor(listener.port)).toBe('three.example.com');
  // The connection from before all of this still carries requests.
  open.write(bytesOf(requestOf(['GET / HTTP/1.1', 'Host: a', 'Connection: close'])));
  let text = '';
  for await (const chunk of open) text += String(chunk);
  expect(text).toMatch(/^HTTP\/1\.1 200 /u);
  expect(text).toContain('"x-forwarded-proto":"https"');
});

proxyTest('what cannot be used at the start is an error that names the file', async ({ task: _task }) => {
  const folder = await openFolder();
  const [one, two] = [await makeCertificate(['a.example.com']), await makeCertificate(['b.example.com'])];
  const mixed = await folder.put('mixed', { cert: one.cert, key: two.key });
  await expect(openCertificates({ files: mixed, dir: undefined }, silentLog)).rejects.toMatchObject({
    code: 'CONFIG',
    message: expect.stringContaining(`${mixed.cert} cannot be used: the key is not the one`),
  });
  const empty = await openFolder();
  await expect(openCertificates({ files: undefined, dir: empty.dir }, silentLog)).rejects.toThrow(
    'there is no certificate',
  );
});

proxyTest(
  'nothing older than TLS 1.2 is spoken, and who does not speak at all is let go',
  async ({ lab }) => {
    const folder = await openFolder();
    const files = await folder.put('main', await makeCertificate(['one.example.com']));
    const certificates = await openCertificates({ files, dir: undefined }, silentLog);
    const { listener } = await lab.start({ certificates, limits: { headersTimeoutMs: 1500 } });
    const speak = async (version: 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3') => {
      const socket = await openTls(listener.port, {
        minVersion: version,
        maxVersion: version,
        ciphers: 'DEFAULT@SECLEVEL=0',
      });
      const spoken = socket.getProtocol();
      socket.destroy();
      return spoken;
    };
    expect(await speak('TLSv1.2')).toBe('TLSv1.2');
    expect(await speak('TLSv1.3')).toBe('TLSv1.3');
    await expect(speak('TLSv1.1')).rejects.toMatchObject({ code: 'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION' });

    const silent = ['', '\x16\x03\x01', requestOf(['GET / HTTP/1.1', 'Host: a'])];
    const clients = await Promise.all(silent.map((begin) => openSlow(listener.port, begin)));
    for (const { answer } of clients) expect((await answer).statuses).toEqual([]);
  },
);

proxyTest('a body that comes slowly over TLS passes, one that stands still does not', async ({ lab }) => {
  const folder = await openFolder();
  const files = await folder.put('main', await makeCertificate(['one.example.com']));
  const certificates = await openCertificates({ files, dir: undefined }, silentLog);
  const ingress = await lab.upstream(echo('ingress'));
  const { listener } = await lab.start({
    certificates,
    targets: { ingress: ingress.url },
    bodyIdleMs: 1500,
  });
  const send = async (bytes: number): Promise<string> => {
    const socket = await openTls(listener.port, {});
    let text = '';
    socket.on('data', (chunk: Buffer) => (text += chunk.toString()));
    socket.on('error', () => {});
    const closed = new Promise<string>((resolve) => socket.once('close', () => resolve(text)));
    socket.write(
      requestOf(['POST /sse/chat HTTP/1.1', 'Host: a', 'Content-Length: 20', 'Connection: close']),
    );
    let sent = 0;
    const timer = setInterval(() => {
      if (sent === bytes) clearInterval(timer);
      else socket.write('a');
      sent += 1;
    }, 100);
    return closed.finally(() => clearInterval(timer));
  };
  const [whole, half] = await Promise.all([send(20), send(5)]);
  expect(whole).toContain('"size":20');
  expect(half).toMatch(/^HTTP\/1\.1 408 /u);
  expect(half).toContain('"error_type":"request.timeout"');
});
