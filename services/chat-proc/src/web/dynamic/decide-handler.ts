import type { BundleManifest } from '@switchyard/protocol';
import { compareRules, matchesRule } from './match-rule.ts';
import type { RequestRule, RuledRequest } from './match-rule.ts';

export const REQUEST_CHANNEL = 'io:web:request';

export interface ChosenHandler {
  readonly bundleId: string;
  readonly form: 'channel' | 'web';
}

type Declared = Pick<BundleManifest, 'id' | 'channels' | 'hasWeb' | 'web'>;
type Subscription = ChosenHandler & { readonly rule: RequestRule };

/**
 * The one bundle that answers a request: the route's own, if it names one, else whose rule says most; equal ones by their id, so that
 * every worker decides alike. Undefined: nobody is subscribed.
 */
export function decideHandler(
  manifests: readonly Declared[],
  request: RuledRequest,
  routeBundleId: string | undefined,
): ChosenHandler | undefined {
  const found = manifests
    .filter(({ id }) => routeBundleId === undefined || id === routeBundleId)
    .flatMap(subscriptionsOf)
    .filter(({ rule }) => matchesRule(rule, request))
    .toSorted(
      (left, right) =>
        compareRules(left.rule, right.rule) ||
        compareTexts(left.bundleId, right.bundleId) ||
        compareTexts(left.form, right.form),
    )[0];
  return found === undefined ? undefined : { bundleId: found.bundleId, form: found.form };
}

function subscriptionsOf({ id, channels, hasWeb, web }: Declared): Subscription[] {
  const channel = Object.hasOwn(channels, REQUEST_CHANNEL) ? channels[REQUEST_CHANNEL] : undefined;
  return [
    ...(channel === undefined ? [] : [{ bundleId: id, form: 'channel' as const, rule: channel }]),
    ...(hasWeb ? [{ bundleId: id, form: 'web' as const, rule: web ?? {} }] : []),
  ];
}

function compareTexts(left: string, right: string): number {
  return left < right ? -1 : Number(left > right);
}
