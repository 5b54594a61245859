import { COOKIE } from '@switchyard/protocol';
import { openMailbox } from '@switchyard/testkit';
import type { Mailbox } from '@switchyard/testkit';
import { describe, expect } from 'vitest';
import type { Browser } from '../test/browser.ts';
import { PASSWORD, loginTest, openLogin, withPassword } from '../test/login-fixture.ts';
import type { LoginBench } from '../test/login-fixture.ts';

const NEW = 'another horse battery';

const mailTest = loginTest.extend<{ mailbox: Mailbox; mailed: LoginBench }>({
  mailbox: async ({ task: _task }, use) => {
    const mailbox = await openMailbox();
    await use(mailbox);
    await mailbox.stop();
  },
  mailed: async ({ redis, postgres, mailbox }, use) => {
    const env = { MAIL_URL: mailbox.url, SIGN_UP_ALLOWED: 'on', MAILS_OF_ADDRESS: '100/1h' };
    const login = await openLogin({ redis, postgres, env });
    await use(login);
    await login.stop();
  },
});

const codeOf = (link: URL): string => link.searchParams.get('code') ?? '';
const signIn = (browser: Browser, login: string, password: string) =>
  browser.post('/auth/sign-in', { login, password, to: '/' });
const join = async (login: LoginBench, mailbox: Mailbox, mail: string): Promise<Browser> => {
  const browser = login.browser();
  expect((await browser.post('/auth/sign-up', { login: mail })).status).toBe(200);
  const code = codeOf(await mailbox.link(mail.toLowerCase()));
  const made = await browser.post('/auth/join', { code, name: 'Ann', password: PASSWORD, again: PASSWORD });
  expect([made.status, made.to]).toEqual([303, '/']);
  return browser;
};

describe('sign-up', () => {
  mailTest(
    'what is tried first is no password here either, and uses no link up',
    async ({ mailed, mailbox }) => {
      const browser = mailed.browser();
      await browser.post('/auth/sign-up', { login: 'bob@acme.example' });
      const code = codeOf(await mailbox.link('bob@acme.example'));
      for (const [password, words] of [
        ['qwertyqwerty', 'attackers try first'],
        ['bob@acme2026', 'your mail address'],
        ['Bobby-Tables', 'your mail address'],
      ] as const) {
        const answer = await browser.post('/auth/join', {
          code,
          name: 'Bobby Tables',
          password,
          again: password,
        });
        expect([password, answer.status]).toEqual([password, 422]);
        expect(answer.text).toContain(words);
      }
      const form = { code, name: 'Bobby Tables', password: PASSWORD, again: PASSWORD };
      expect((await browser.post('/auth/join', form)).status).toBe(303);
    },
  );

  mailTest('by a mailed link, once; the address is proven by it', async ({ mailed, mailbox }) => {
    const browser = await join(mailed, mailbox, 'Ann@Example.com');
    expect(JSON.parse((await browser.get('/auth/session')).text)).toMatchObject({
      signed_in: true,
      username: 'Ann',
      user_type: 'registered',
    });
    expect((await signIn(mailed.browser(), 'ann@example.com', PASSWORD)).status).toBe(303);
    const again = {
      code: codeOf(await mailbox.link('ann@example.com')),
      name: '',
      password: NEW,
      again: NEW,
    };
    expect((await mailed.browser().post('/auth/join', again)).status).toBe(410);
    expect((await signIn(mailed.browser(), 'ann@example.com', NEW)).status).toBe(401);
  });

  mailTest('who has an account is told so by mail, and by nothing else', async ({ mailed, mailbox }) => {
    await join(mailed, mailbox, 'ann@example.com');
    const answers = [];
    for (const login of ['ann@example.com', 'bob@example.com'])
      answers.push((await mailed.browser().post('/auth/sign-up', { login })).text);
    expect(answers[1]).toBe(answers[0]);
    expect((await mailbox.link('ann@example.com', 2)).pathname).toBe('/auth/reset');
    expect((await mailbox.link('bob@example.com')).pathname).toBe('/auth/join');
  });

  loginTest('only where it is allowed, and for whom', async ({ login, redis, postgres }) => {
    for (const path of ['/auth/sign-up', '/auth/forgot', '/auth/join', '/auth/reset'])
      expect((await login.browser().get(path)).status).toBe(404);
    const mailbox = await openMailbox();
    const env = { MAIL_URL: mailbox.url, SIGN_UP_ALLOWED: 'on', SIGN_UP_DOMAINS: 'example.com' };
    const narrow = await openLogin({ redis, postgres, env });
    for (const mail of ['ann@evil.example', 'ann@example.com.evil.example', 'no mail', 'a@b@example.com'])
      expect((await narrow.browser().post('/auth/sign-up', { login: mail })).status).toBe(422);
    expect((await narrow.browser().post('/auth/sign-up', { login: 'ann@example.com' })).status).toBe(200);
    await narrow.stop();
    await mailbox.stop();
    expect(mailbox.mails.map((mail) => mail.to)).toEqual([['ann@example.com']]);
  });
});

describe('reset', () => {
  mailTest(
    'by a mailed link: looked at often, used once, and everybody is out',
    async ({ mailed, mailbox }) => {
      const before = await join(mailed, mailbox, 'ann@example.com');
      const asker = mailed.browser();
      await asker.post('/auth/forgot', { login: 'ANN@example.com' });
      const link = await mailbox.link('ann@example.com', 2);
      const code = codeOf(link);
      for (let count = 0; count < 3; count++)
        expect((await mailed.browser().get(`${link.pathname}${link.search}`)).text).toContain('New password');
      for (const password of ['short', 'leavemealone', 'ann.example.26']) {
        const refused = await asker.post('/auth/reset', { code, password, again: password });
        expect([password, refused.status]).toEqual([password, 422]);
      }
      const reset = (password: string) =>
        mailed.browser().post('/auth/reset', { code, password, again: password });
      const answers = await Promise.all([reset(NEW), reset(`${NEW} 2`), reset(`${NEW} 3`)]);
      expect(answers.map((each) => each.status).toSorted((a, b) => a - b)).toEqual([303, 410, 410]);
      expect((await reset(NEW)).status).toBe(410);
      expect(JSON.parse((await before.get('/auth/session')).text)).toEqual({ signed_in: false });
      expect((await signIn(mailed.browser(), 'ann@example.com', PASSWORD)).status).toBe(401);
      const texts = () => mailbox.mails.map((mail) => mail.text).join();
      await expect.poll(texts).toContain('Your password was changed');
    },
  );

  mailTest(
    'a second link, or one from before another change, is worth nothing',
    async ({ mailed, mailbox }) => {
      const browser = await join(mailed, mailbox, 'ann@example.com');
      await mailed.browser().post('/auth/forgot', { login: 'ann@example.com' });
      const first = codeOf(await mailbox.link('ann@example.com', 2));
      await mailed.browser().post('/auth/forgot', { login: 'ann@example.com' });
      const second = codeOf(await mailbox.link('ann@example.com', 3));
      const changed = await browser.post('/auth/password', { current: PASSWORD, password: NEW, again: NEW });
      expect(changed.status).toBe(303);
      for (const code of [first, second, 'A'.repeat(43), '']) {
        const form = { code, password: `${NEW} 2`, again: `${NEW} 2` };
        expect((await mailed.browser().post('/auth/reset', form)).status).toBe(410);
      }
      expect((await signIn(mailed.browser(), 'ann@example.com', NEW)).status).toBe(303);
    },
  );

  mailTest('the answer does not tell who has an account', async ({ mailed, mailbox }) => {
    await join(mailed, mailbox, 'ann@example.com');
    await withPassword(mailed, 'no-mail');
    const ask = async (login: string) => (await mailed.browser().post('/auth/forgot', { login })).text;
    const [known, unknown, mailless] = [
      await ask('ann@example.com'),
      await ask('x@y.z'),
      await ask('no-mail'),
    ];
    expect(unknown).toBe(known);
    expect(mailless).toBe(known);
    await mailbox.link('ann@example.com', 2);
    expect(mailbox.mails.flatMap((mail) => mail.to)).toEqual(['ann@example.com', 'ann@example.com']);
  });

  mailTest(
    'who asks often fills no mailbox, and the links that came still work',
    async ({ mailed, mailbox }) => {
      await join(mailed, mailbox, 'ann@example.com');
      const statuses = [];
      for (let count = 0; count < 5; count++)
        statuses.push((await mailed.browser().post('/auth/forgot', { login: 'ann@example.com' })).status);
      expect(statuses).toEqual([200, 200, 429, 429, 429]);
      const code = codeOf(await mailbox.link('ann@example.com', 3));
      expect((await mailed.browser().post('/auth/reset', { code, password: NEW, again: NEW })).status).toBe(
        303,
      );
    },
  );

  mailTest(
    'a mail server that refuses for a while gets the mail a little later',
    async ({ mailed, mailbox }) => {
      mailbox.refuse(1);
      await mailed.browser().post('/auth/sign-up', { login: 'ann@example.com' });
      expect((await mailbox.link('ann@example.com')).pathname).toBe('/auth/join');
    },
  );

  mailTest(
    'a link is not for a user who is switched off, and Redis does not hold it',
    async ({ mailed, mailbox }) => {
      const browser = await join(mailed, mailbox, 'ann@example.com');
      await mailed.browser().post('/auth/forgot', { login: 'ann@example.com' });
      const code = codeOf(await mailbox.link('ann@example.com', 2));
      const keys = await mailed.redis.driver.keys(`${mailed.keys.prefix}:auth:*`);
      expect(keys.join(' ')).not.toContain(code);
      const { user_id: userId } = JSON.parse((await browser.get('/auth/session')).text) as {
        user_id: string;
      };
      await mailed.users.setDisabled(userId, true);
      expect((await mailed.browser().post('/auth/reset', { code, password: NEW, again: NEW })).status).toBe(
        410,
      );
      expect(browser.cookies.has(COOKIE.masked)).toBe(true);
    },
  );
});
