import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { SignJWT, exportJWK, generateKeyPair } from 'jose';
import type { JWK, JWTPayload } from 'jose';

/** An issuer of tokens on this machine: its keys can be rotated, its requests are counted. */
export async function startIssuer() {
  const published: JWK[] = [];
  const asked = { discovery: 0, keys: 0 };
  let isDown = false;
  const server = createServer((req, res) => {
    if (isDown) return void req.socket.destroy();
    res.setHeader('Content-Type', 'application/json');
    if (req.url === '/.well-known/openid-configuration') {
      asked.discovery += 1;
      res.end(JSON.stringify({ issuer, jwks_uri: `${issuer}/keys` }));
    } else {
      asked.keys += 1;
      res.end(JSON.stringify({ keys: published }));
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  async function makeKey(kid: string, alg = 'RS256') {
    const pair = await generateKeyPair(alg, { extractable: true });
    const jwk = { ...(await exportJWK(pair.publicKey)), kid, alg, use: 'sig' };
    return { ...pair, kid, alg, jwk };
  }
  type Key = Awaited<ReturnType<typeof makeKey>>;

  return {
    issuer,
    asked,
    makeKey,
    publish: (...keys: Key[]) => void published.splice(0, published.length, ...keys.map(({ jwk }) => jwk)),
    setDown: (value: boolean) => void (isDown = value),
    sign: (key: Pick<Key, 'privateKey' | 'kid' | 'alg'>, claims: JWTPayload, header: object = {}) =>
      new SignJWT(claims).setProtectedHeader({ alg: key.alg, kid: key.kid, ...header }).sign(key.privateKey),
    close: () =>
      new Promise<void>((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

export type TestIssuer = Awaited<ReturnType<typeof startIssuer>>;
