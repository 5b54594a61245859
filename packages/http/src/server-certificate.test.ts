import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { Agent, request } from 'node:https';
import type { RequestOptions } from 'node:https';
import type { IncomingMessage } from 'node:http';
import { connect } from 'node:tls';
import { Scope } from '@switchyard/kernel';
import { makeAuthority } from '@switchyard/testkit';
import { expect, onTestFinished, test } from 'vitest';
import { listen } from './listen.ts';
import { openServerCertificate, readAuthorities } from './server-certificate.ts';

const LOG = { info: () => undefined, error: () => undefined };

async function setUp() {
  const [authority, stranger, scope] = [await makeAuthority(), await makeAuthority(), new Scope()];
  onTestFinished(async () => {
    await scope.close();
    await authority.remove();
    await stranger.remove();
  });
  const issued = await authority.issue('secrets', 'localhost');
  const config = { internalCertFile: issued.certFile, internalKeyFile: issued.keyFile };
  const open = (files: Partial<typeof config> = {}) =>
    openServerCertificate({
      config: { ...config, ...files },
      name: 'secrets',
      scope,
      log: LOG,
      lookEveryMs: 20,
    });
  return { authority, stranger, scope, issued, config, open };
}

test('HTTPS for who trusts the authority and asks for a name of it; nothing else', async () => {
  const { authority, stranger, scope, open } = await setUp();
  const certificate = await open();
  const server = await scope.use(
    listen((_req, res) => void res.end('ok'), { port: 0, host: '127.0.0.1', certificate }),
    (opened) => opened.close(0),
  );
  const ask = async (options: RequestOptions): Promise<string> => {
    const agent = new Agent();
    const asked = request({ port: server.port, host: '127.0.0.1', agent, ...options }).end();
    const [answer] = (await once(asked, 'response')) as [IncomingMessage];
    let text = '';
    for await (const chunk of answer) text += String(chunk);
    return text;
  };
  expect(await ask({ ca: authority.cert, servername: 'secrets' })).toBe('ok');
  expect(await ask({ ca: authority.cert, servername: 'localhost' })).toBe('ok');
  await expect(ask({ ca: stranger.cert, servername: 'secrets' })).rejects.toThrow(
    /unable to verify|self-signed/u,
  );
  await expect(ask({ servername: 'secrets' })).rejects.toThrow(/unable to verify|self-signed/u);
  await expect(ask({ ca: authority.cert, servername: 'chat-proc' })).rejects.toMatchObject({
    code: 'ERR_TLS_CERT_ALTNAME_INVALID',
  });
  await expect(
    ask({ ca: authority.cert, servername: 'secrets', minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1' }),
  ).rejects.toThrow();
  await expect(fetch(`http://127.0.0.1:${server.port}/`)).rejects.toThrow();
});

test('a new certificate is shown without a restart; one that cannot be used changes nothing', async () => {
  const { authority, scope, issued, open } = await setUp();
  const certificate = await open();
  const server = await scope.use(
    listen((_req, res) => void res.end('ok'), { port: 0, host: '127.0.0.1', certificate }),
    (opened) => opened.close(0),
  );
  const shown = async (): Promise<string> => {
    const socket = connect({
      port: server.port,
      host: '127.0.0.1',
      ca: authority.cert,
      servername: 'localhost',
    });
    await once(socket, 'secureConnect');
    const { fingerprint256 } = socket.getPeerCertificate();
    socket.destroy();
    return fingerprint256;
  };
  const first = await shown();
  await writeFile(issued.certFile, 'half of i');
  await writeFile(issued.keyFile, 'half of i');
  expect(await shown()).toBe(first);
  await authority.issue('secrets', 'localhost');
  await expect.poll(shown).not.toBe(first);
});

test('files that cannot be used refuse the start, by name', async () => {
  const { authority, issued, config, open, scope } = await setUp();
  const other = await authority.issue('other');
  await expect(open({ internalKeyFile: '' })).rejects.toThrow('INTERNAL_KEY_FILE');
  await expect(open({ internalKeyFile: other.keyFile })).rejects.toThrow('the key is not the one');
  await expect(open({ internalCertFile: '/is/not/there' })).rejects.toMatchObject({ code: 'CONFIG' });
  const plain = { internalCertFile: '', internalKeyFile: '' };
  expect(await openServerCertificate({ config: plain, name: 'x', scope, log: LOG })).toBeUndefined();
  await expect(readAuthorities('x', 'SECRETS_CA_FILE', config.internalKeyFile)).rejects.toThrow(
    'SECRETS_CA_FILE cannot be used: there is no certificate in it',
  );
  await writeFile(issued.certFile, `${authority.cert}\n${other.cert}`);
  expect(await readAuthorities('x', 'SECRETS_CA_FILE', issued.certFile)).toHaveLength(2);
});
