import { deriveKeys, seal, unsealAny } from '@switchyard/identity';
import type { MasterKeys } from '@switchyard/identity';
import type { Clock, Ids } from '@switchyard/kernel';
import type { UserType } from '@switchyard/protocol';
import type { AccountRow, Accounts } from '@switchyard/store';
import { mayHavePassword } from './names-of-account.ts';
import type { PasswordHasher } from '../passwords/password-hasher.ts';
import { createRecoveryHashes, makeRecoveryCodes, readRecoveryCode } from './recovery-codes.ts';
import { findStep } from './totp.ts';

const SECRET_BYTES = 20;
const IV_BYTES = 12;

export const TOTP_SECRET = 'totp-secret';
/** A secret opens for its own user. */
export const totpContext = (userId: string): string => `totp:${userId}`;

/** One-time codes from an app, and codes on paper for when it is lost. */
export interface SecondFactor {
  /** Whether an account of this kind must have one. Users of an issuer are asked there. */
  isRequired(account: Pick<AccountRow, 'user_id' | 'user_type'>): boolean;
  /** The secret that waits for its first code; the same until then, in whatever window one looks. Undefined: one counts already. */
  pending(account: AccountRow): Promise<Buffer | undefined>;
  /** The first code was right: from now on one is asked for. Returns the recovery codes, which nobody can see again. */
  confirm(userId: string, code: string): Promise<string[] | undefined>;
  /** A code of the app, each once; or a recovery code, each once. */
  check(account: AccountRow, code: string): Promise<'code' | 'recovery' | undefined>;
  remove(userId: string): Promise<void>;
}

export function createSecondFactor(parts: {
  accounts: Accounts;
  hasher: Pick<PasswordHasher, 'hash' | 'hashEach'>;
  masterKeys: MasterKeys;
  /** Of recovery codes as they were kept before. */
  recoveryKeys: readonly Buffer[];
  requiredFor: readonly UserType[];
  clock: Pick<Clock, 'now'>;
  ids: Ids;
}): SecondFactor {
  const { accounts, hasher, masterKeys, recoveryKeys, requiredFor, clock, ids } = parts;
  const sealing = deriveKeys(masterKeys, TOTP_SECRET);
  const recoveryHashes = createRecoveryHashes(hasher, recoveryKeys);
  const random = (size: number) => Buffer.from(ids.token(size), 'base64url');
  const open = ({ totp_sealed: sealed, user_id: userId }: AccountRow) =>
    sealed === null ? undefined : unsealAny(sealing.all, sealed, totpContext(userId));

  async function start(userId: string): Promise<Buffer | undefined> {
    const sealed = seal(sealing.current, random(IV_BYTES), random(SECRET_BYTES), totpContext(userId));
    const row = await accounts.startTotp(userId, sealed);
    return row && open(row);
  }

  return {
    isRequired: ({ user_id: userId, user_type: userType }) =>
      mayHavePassword(userId) && requiredFor.includes(userType),
    async pending(account) {
      if (account.totp_confirmed_at !== null) return undefined;
      return open(account) ?? start(account.user_id);
    },
    async confirm(userId, code) {
      // Read anew: of two windows one may have begun another secret.
      const account = await accounts.find(userId);
      const secret = account && open(account);
      const step = secret && findStep(secret, code, clock.now());
      if (step === undefined || account === undefined || account.totp_sealed === null) return undefined;
      const codes = makeRecoveryCodes(ids);
      const hashes = await recoveryHashes.make(userId, codes);
      const confirmed = await accounts.confirmTotp(userId, account.totp_sealed, step, hashes);
      return confirmed && codes;
    },
    async check(account, text) {
      const { user_id: userId } = account;
      const code = text.replaceAll(/\s/g, '');
      if (/^\d{6}$/.test(code)) {
        const secret = open(account);
        const step = secret && findStep(secret, code, clock.now());
        const taken = step === undefined ? undefined : await accounts.useTotpStep(userId, step);
        return taken && 'code';
      }
      if (readRecoveryCode(code) === undefined) return undefined;
      const like = await accounts.findRecoveryHash(userId);
      if (like === undefined) return undefined;
      for await (const hash of recoveryHashes.each(userId, code, like))
        if (await accounts.useRecoveryCode(userId, hash)) return 'recovery';
      return undefined;
    },
    async remove(userId) {
      await accounts.removeTotp(userId);
    },
  };
}
