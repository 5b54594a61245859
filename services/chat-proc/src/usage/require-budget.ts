import type { ModelLimits } from '@switchyard/capabilities';
import { PlatformError } from '@switchyard/kernel';
import type { Clock } from '@switchyard/kernel';
import type { UserType } from '@switchyard/protocol';
import type { UsageLog } from '@switchyard/store';
import type { ProcConfig } from '../env.ts';

const DAY_MS = 24 * 3600 * 1000;

type BudgetSettings = Pick<
  ProcConfig,
  | 'modelDailyTokensAnonymous'
  | 'modelDailyTokensRegistered'
  | 'modelDailyTokensPaid'
  | 'modelDailyTokensPrivileged'
>;

/**
 * A day's budget of each user type. It is looked at before a call and written after it, so calls that run side by side may go over it by
 * what they use themselves. Work that nobody asked for (a schedule) has none.
 */
export function createRequireBudget(
  usageLog: Pick<UsageLog, 'tokensSince'>,
  clock: Pick<Clock, 'now'>,
  settings: BudgetSettings,
): NonNullable<ModelLimits['requireBudget']> {
  const budgets: Readonly<Record<UserType, number>> = {
    anonymous: settings.modelDailyTokensAnonymous,
    registered: settings.modelDailyTokensRegistered,
    paid: settings.modelDailyTokensPaid,
    privileged: settings.modelDailyTokensPrivileged,
  };
  return async (user) => {
    const budget = user === undefined ? 0 : budgets[user.userType];
    if (user === undefined || budget === 0) return;
    const now = clock.now();
    const dayStart = Math.floor(now / DAY_MS) * DAY_MS;
    const used = await usageLog.tokensSince(user.userId, dayStart);
    if (used < budget) return;
    throw PlatformError.of('MODEL_BUDGET_EXCEEDED', undefined, {
      retryAfterSec: Math.ceil((dayStart + DAY_MS - now) / 1000),
      details: { budget_tokens: budget, used_tokens: used },
    });
  };
}
