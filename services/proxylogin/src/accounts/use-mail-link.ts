import type { Identity } from '@switchyard/identity';
import type { Ids } from '@switchyard/kernel';
import type { AccountRow, Accounts } from '@switchyard/store';
import type { PasswordRule, PasswordVerdict } from '../passwords/decide-password.ts';
import type { PasswordHasher } from '../passwords/password-hasher.ts';
import { namesOf } from './names-of-account.ts';
import { formerHashOf } from './mail-links.ts';
import type { MailLinks } from './mail-links.ts';

export interface LinkForm {
  readonly code: string;
  readonly name?: string | undefined;
  readonly password: string;
  readonly again: string;
}

/** `over`: the link is unknown, used or too old, or its account has changed since. */
type Refusal = PasswordVerdict | 'unlike' | 'over';
export type UseMailLink = (form: LinkForm) => Promise<AccountRow | Refusal>;

interface LinkParts {
  readonly accounts: Accounts;
  readonly hasher: PasswordHasher;
  readonly mail: MailLinks;
  readonly rule: PasswordRule;
}

const refuse = ({ password, again }: LinkForm, names: readonly (string | null)[], rule: PasswordRule) =>
  rule.decide(password, names) ?? (password === again ? undefined : ('unlike' as const));

/** Sets a forgotten password. A form that is refused leaves the link in place; one that is good uses it up, also of many at once. */
export function createResetPassword(parts: LinkParts & { identity: Pick<Identity, 'signIns'> }): UseMailLink {
  const { accounts, hasher, mail, rule, identity } = parts;
  return async (form) => {
    const seen = await mail.look(form.code);
    if (seen?.kind !== 'reset') return 'over';
    const account = await accounts.find(seen.userId);
    if (account === undefined || formerHashOf(account.password_hash) !== seen.formerHash) return 'over';
    const refusal = refuse(form, namesOf(account), rule);
    if (refusal !== undefined) return refusal;
    const hash = await hasher.hash(form.password);
    if ((await mail.use(form.code)) === undefined) return 'over';
    const changed = await accounts.setPassword(account.user_id, hash, account.password_hash);
    if (changed === undefined) return 'over';
    await identity.signIns.endAll(account.user_id);
    mail.tellChanged(changed);
    return changed;
  };
}

const ID_BYTES = 12;

/** Makes an account for an address that its owner has shown to be his. */
export function createJoin(parts: LinkParts & { ids: Ids; role: string }): UseMailLink {
  const { accounts, hasher, mail, rule, ids, role } = parts;
  return async (form) => {
    const seen = await mail.look(form.code);
    if (seen?.kind !== 'join') return 'over';
    const username = form.name === undefined || form.name === '' ? seen.mail : form.name;
    const refusal = refuse(form, [seen.mail, username], rule);
    if (refusal !== undefined) return refusal;
    const passwordHash = await hasher.hash(form.password);
    if ((await mail.use(form.code)) === undefined) return 'over';
    const added = await accounts.add({
      userId: `u-${ids.token(ID_BYTES)}`,
      login: seen.mail,
      username,
      email: seen.mail,
      userType: 'registered',
      roles: [role],
      passwordHash,
    });
    return added ?? 'over';
  };
}
