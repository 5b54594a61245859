import { openIssuer, openMailbox, startTestStack } from '@switchyard/testkit';
import type { IssuerLab, Mailbox, StackFixture } from '@switchyard/testkit';
import { test } from 'vitest';

/** A whole stack with every way of signing in: passwords, sign-up and reset by mail, one-time codes, an issuer. */
export interface LoginStack {
  readonly stack: StackFixture;
  readonly issuer: IssuerLab;
  readonly mailbox: Mailbox;
}

const SETTINGS = {
  SIGN_UP_ALLOWED: 'on',
  // All browsers of a test come from one address.
  ATTEMPTS_OF_ADDRESS: '1000/10m',
  MAILS_OF_ADDRESS: '1000/1h',
};

/** One for all tests of a file, with these settings beside the usual ones. */
export const createLoginStackTest = (env: Readonly<Record<string, string>>) =>
  test.extend<{ $file: { login: LoginStack } }>({
    login: [
      async ({}, use) => {
        const [issuer, mailbox] = [await openIssuer(), await openMailbox()];
        const settings = { ...issuer.settings, ...SETTINGS, MAIL_URL: mailbox.url, ...env };
        const { fixture: stack, stop } = await startTestStack({ hasLogin: true, env: settings });
        await issuer.open({
          publicUrl: stack.url,
          inside: `http://127.0.0.1:${stack.ports.proxylogin}`,
        });
        await use({ stack, issuer, mailbox });
        await stop();
        await Promise.all([issuer.stop(), mailbox.stop()]);
      },
      { scope: 'file' },
    ],
  });

export const loginStackTest = createLoginStackTest({});
