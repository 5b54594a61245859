import type { LoginConfig } from '../env.ts';
import { createPasswordRule } from './decide-password.ts';
import type { PasswordRule } from './decide-password.ts';
import { loadLeakedPasswords } from './leaked-passwords.ts';

const PLATFORM = 'switchyard';

/** The rule of this installation, with its own words and the list that comes along. */
export async function openPasswordRule(config: LoginConfig): Promise<PasswordRule> {
  const leaked = await loadLeakedPasswords();
  const { passwordMinCharacters: minCharacters, productName, tenant, project, publicUrl } = config;
  const host = URL.canParse(publicUrl) ? new URL(publicUrl).hostname : '';
  return createPasswordRule({
    minCharacters,
    words: [PLATFORM, productName, tenant, project, host, ...config.passwordWords],
    isLeaked: (password) => leaked.has(password),
  });
}
