import { randomBytes } from 'node:crypto';

/** A name that no other test of this or another run has: lower-case letters and digits, valid as tenant and database. */
export const uniqueName = (prefix: string): string => `${prefix}${randomBytes(6).toString('hex')}`;
