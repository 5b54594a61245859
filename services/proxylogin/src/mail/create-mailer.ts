import { createTransport } from 'nodemailer';
import type { Scope } from '@switchyard/kernel';
import type { LoginConfig } from '../env.ts';
import type { Resources } from '../open-resources.ts';
import { createMailDesk } from './mail-desk.ts';
import type { MailDesk, SendMail } from './mail-desk.ts';

const TIMEOUT_MS = 10_000;
const AT_ONCE = 2;
const LOOPBACK = new Set(['localhost', '127.0.0.1', '[::1]']);

/** Undefined: this installation sends no mail, and there is neither reset nor sign-up. In development mails are shown in the log. */
export function createMailer(config: LoginConfig, resources: Resources, scope: Scope): MailDesk | undefined {
  const { log, clock } = resources;
  const url = config.mailUrl?.reveal() ?? '';
  const show: SendMail = async (mail) => log.info('mail', { ...mail });
  const send =
    url === '' ? (config.nodeEnv === 'development' ? show : undefined) : openSmtp(url, config, scope);
  if (send === undefined) return undefined;
  const desk = createMailDesk({ send, atOnce: AT_ONCE, queue: config.mailQueue, clock, log });
  scope.defer(() => desk.close(config.drain));
  return desk;
}

function openSmtp(url: string, { mailFrom }: LoginConfig, scope: Scope): SendMail {
  const { protocol, hostname, port, username, password } = new URL(url);
  const isTls = protocol === 'smtps:';
  const transport = createTransport({
    host: hostname,
    port: Number(port === '' ? (isTls ? 465 : 587) : port),
    secure: isTls,
    // Links that open accounts do not go over a line in clear, but to this machine itself.
    requireTLS: !isTls && !LOOPBACK.has(hostname),
    connectionTimeout: TIMEOUT_MS,
    greetingTimeout: TIMEOUT_MS,
    socketTimeout: TIMEOUT_MS,
    ...(username === ''
      ? {}
      : { auth: { user: decodeURIComponent(username), pass: decodeURIComponent(password) } }),
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  scope.defer(() => transport.close());
  return async ({ to, subject, text }) => {
    await transport.sendMail({ from: mailFrom, to, subject, text });
  };
}
