import type { Mail } from './mail-desk.ts';

type Words = Omit<Mail, 'to'>;

const ENDING = (minutes: number) => `The link works once, within ${minutes} minutes.`;
const NOT_YOU = 'If you did not ask for this, you need not do anything: nothing has been changed.';

/** The mails, in words. Plain text: nothing to load, nothing that follows the reader. */
export const mailTexts = {
  reset: (link: string, minutes: number): Words => ({
    subject: 'Choose a new password',
    text: `Somebody, most likely you, asked for a new password.\n\n${link}\n\n${ENDING(minutes)}\n${NOT_YOU}\n`,
  }),
  join: (link: string, minutes: number): Words => ({
    subject: 'Finish your sign-up',
    text: `Open this link to choose your name and password.\n\n${link}\n\n${ENDING(minutes)}\n${NOT_YOU}\n`,
  }),
  known: (link: string, minutes: number): Words => ({
    subject: 'You have an account already',
    text: `Somebody, most likely you, wanted to sign up with this address, which has an account already. If you do not remember its password, choose a new one here.\n\n${link}\n\n${ENDING(minutes)}\n${NOT_YOU}\n`,
  }),
  changed: (signIn: string): Words => ({
    subject: 'Your password was changed',
    text: `Your password was changed, and everybody who was signed in to your account is signed out.\n\nIf that was not you, choose a new password at once: ${signIn}\n`,
  }),
} as const;
