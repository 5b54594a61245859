import { randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { KoaContextWithOIDC, Provider } from 'oidc-provider';

export const CLIENT_ID = 'switchyard';
export const CLIENT_SECRET = 'a-client-secret-for-tests';

/** A certified OpenID Connect provider on this machine, with its own pages for signing in. */
export interface IssuerLab {
  readonly url: string;
  readonly settings: Record<string, string>;
  /** What it says of a user from now on. */
  readonly people: Map<string, Record<string, unknown>>;
  /** Knows its client once the client's address is known. */
  open(client: { publicUrl: string; inside: string }): Promise<void>;
  /** A browser that signs in there: from our link to where it leads back to. */
  signIn(link: string, login: string): Promise<{ back: URL; browser: IssuerBrowser }>;
  /** Follows a link there with a browser that is signed in, through its form. */
  signOut(link: string, browser: IssuerBrowser): Promise<URL>;
  /** All refresh tokens of a user are worth nothing from now on. */
  revoke(login: string): Promise<void>;
  /** Claims under its own signature, for forging what only it may say. */
  sign(claims: object, typ?: string): Promise<string>;
  setDown(isDown: boolean): void;
  /** Requests to the token endpoint. */
  readonly asked: { token: number };
  stop(): Promise<void>;
}

export type IssuerBrowser = Map<string, string>;

export async function openIssuer(): Promise<IssuerLab> {
  // Large, and every test file loads this room.
  const [oidc, { SignJWT, exportJWK, generateKeyPair }] = await Promise.all([
    import('oidc-provider'),
    import('jose'),
  ]);
  let provider: Provider | undefined;
  let isDown = false;
  const asked = { token: 0 };
  const people = new Map<string, Record<string, unknown>>();
  const grants = new Map<string, Set<string>>();
  const server = createServer((req, res) => {
    if (isDown || provider === undefined) return void req.socket.destroy();
    if (req.url === '/token') asked.token += 1;
    void provider.callback()(req, res);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  const { privateKey } = await generateKeyPair('RS256', { extractable: true });

  const open: IssuerLab['open'] = async ({ publicUrl, inside }) => {
    provider = new oidc.Provider(url, {
      jwks: { keys: [{ ...(await exportJWK(privateKey)), use: 'sig', alg: 'RS256' }] } as never,
      cookies: { keys: [randomBytes(16).toString('hex')] },
      clients: [
        {
          client_id: CLIENT_ID,
          client_secret: CLIENT_SECRET,
          token_endpoint_auth_method: 'client_secret_post',
          redirect_uris: [`${publicUrl}/auth/oidc/callback`],
          post_logout_redirect_uris: [`${publicUrl}/auth/signed-out`],
          backchannel_logout_uri: `${inside}/auth/oidc/back-channel-logout`,
          backchannel_logout_session_required: true,
          grant_types: ['authorization_code', 'refresh_token'],
        },
      ],
      claims: { openid: ['sub'], profile: ['preferred_username', 'roles'], email: ['email'] },
      features: { backchannelLogout: { enabled: true }, devInteractions: { enabled: true } },
      findAccount: (_context: KoaContextWithOIDC, sub: string) => ({
        accountId: sub,
        claims: () => ({ sub, preferred_username: sub, ...people.get(sub) }),
      }),
      issueRefreshToken: () => true,
      rotateRefreshToken: true,
      // Its own dispatcher refuses addresses of this machine, and that is where we are.
      fetch: (address: string, { dispatcher: _refusing, ...init }: RequestInit & { dispatcher?: unknown }) =>
        fetch(address, init),
    } as never);
    provider.on('grant.success', (context: KoaContextWithOIDC) => {
      const { accountId, grantId } = (context.oidc.entities.Grant ?? {}) as {
        accountId?: string;
        grantId?: string;
      };
      const id = context.oidc.entities.Grant?.jti ?? grantId;
      if (accountId !== undefined && id !== undefined)
        grants.set(accountId, (grants.get(accountId) ?? new Set()).add(id));
    });
  };

  const step = async (browser: IssuerBrowser, address: string, form?: Record<string, string>) => {
    const cookie = [...browser].map((pair) => pair.join('=')).join('; ');
    const response = await fetch(address, {
      redirect: 'manual',
      headers: { cookie },
      ...(form === undefined ? {} : { method: 'POST', body: new URLSearchParams(form) }),
    });
    for (const line of response.headers.getSetCookie()) {
      const [name = '', value = ''] = (line.split(';', 1)[0] ?? '').split('=');
      if (value === '') browser.delete(name);
      else browser.set(name, value);
    }
    const to = response.headers.get('location');
    return { text: await response.text(), to: to === null ? undefined : new URL(to, address) };
  };

  /** Follows links until one leads away from here, and fills in the forms on the way. */
  const walk = async (
    browser: IssuerBrowser,
    link: string,
    fill: (page: string) => Record<string, string>,
  ) => {
    let [address, form]: [string, Record<string, string> | undefined] = [link, undefined];
    for (let count = 0; count < 12; count++) {
      const { to, text } = await step(browser, address, form);
      if (to !== undefined && to.origin !== url) return to;
      const [, action] = /action="([^"]+)"/.exec(text) ?? [];
      if (to === undefined && action === undefined)
        throw new Error(`the issuer says: ${text.slice(0, 2000)}`);
      form = to === undefined ? fill(text) : undefined;
      address = to?.href ?? new URL(action ?? '', address).href;
    }
    throw new Error('the issuer leads nowhere');
  };

  return {
    url,
    people,
    asked,
    open,
    settings: {
      OIDC_ISSUER: url,
      OIDC_CLIENT_ID: CLIENT_ID,
      OIDC_CLIENT_SECRET: CLIENT_SECRET,
      OIDC_SCOPES: 'openid profile email offline_access',
      OIDC_AUTHORIZE_PARAMETERS: 'prompt=consent',
    },
    signIn: async (link, login) => {
      const browser: IssuerBrowser = new Map();
      const back = await walk(browser, link, (page) =>
        page.includes('name="login"') ? { prompt: 'login', login, password: 'any' } : { prompt: 'consent' },
      );
      return { back, browser };
    },
    signOut: (link, browser) =>
      walk(browser, link, (page) => {
        const [, xsrf = ''] = /name="xsrf" value="([^"]+)"/.exec(page) ?? [];
        return { xsrf, logout: 'yes' };
      }),
    revoke: async (login) => {
      for (const grantId of grants.get(login) ?? []) {
        await provider?.RefreshToken.revokeByGrantId(grantId);
        await provider?.AccessToken.revokeByGrantId(grantId);
      }
    },
    sign: (claims, typ = 'logout+jwt') =>
      new SignJWT({ ...claims }).setProtectedHeader({ alg: 'RS256', typ }).sign(privateKey),
    setDown: (value) => void (isDown = value),
    stop: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}
