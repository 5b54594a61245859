import type { AddressInfo } from 'node:net';
import { expect } from 'vitest';

export interface CaughtMail {
  readonly to: string[];
  readonly text: string;
}

/** A real mail server on this machine that keeps what it is given. */
export interface Mailbox {
  readonly url: string;
  readonly mails: CaughtMail[];
  /** The address in the newest mail to somebody, once there are so many. */
  link(to: string, count?: number): Promise<URL>;
  /** So many of the next mails are refused for the time being. */
  refuse(count: number): void;
  stop(): Promise<void>;
}

/** Quoted-printable: long lines are broken with `=`, and `=` itself is `=3D`. */
const decode = (raw: string): string =>
  raw
    .replaceAll(/=\r?\n/g, '')
    .replaceAll(/=([0-9A-F]{2})/g, (_whole, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));

export async function openMailbox(): Promise<Mailbox> {
  // Large, and every test file loads this room.
  const { SMTPServer } = await import('smtp-server');
  const mails: CaughtMail[] = [];
  let refused = 0;
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    onMailFrom: (_address, _session, done) => {
      if (refused === 0) return done();
      refused -= 1;
      done(Object.assign(new Error('try again later'), { responseCode: 451 }));
    },
    onData: (stream, session, done) => {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        const to = session.envelope.rcptTo.map(({ address }) => address);
        mails.push({ to, text: decode(Buffer.concat(chunks).toString()) });
        done();
      });
    },
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.server.address() as AddressInfo;
  return {
    url: `smtp://127.0.0.1:${port}`,
    mails,
    refuse: (count) => void (refused = count),
    link: async (to, count = 1) => {
      const own = () => mails.filter((mail) => mail.to.includes(to));
      await expect.poll(() => own().length).toBeGreaterThanOrEqual(count);
      const [address = ''] = /https?:\/\/\S+/.exec(own().at(-1)?.text ?? '') ?? [];
      return new URL(address);
    },
    stop: () => new Promise((resolve) => server.close(() => resolve())),
  };
}
