import { hostOf, sendGuarded } from '@switchyard/capabilities';
import type { DeliverWebhook, SecretReader } from '@switchyard/capabilities';
import { createWebhooks } from '@switchyard/jobs';
import type { BackgroundJobs } from '@switchyard/jobs';
import { PlatformError } from '@switchyard/kernel';
import type { Bundles } from '@switchyard/store';
import type { ProcConfig } from '../env.ts';
import type { Base } from '../open-base.ts';

export interface WebhookRig {
  readonly jobs: Pick<BackgroundJobs, 'add'>;
  readonly secrets: Pick<SecretReader, 'read'>;
}

/** Webhooks of bundles, under the rules of `http.fetch`: whichever version serves says which hosts may be reached. */
export function openWebhooks(
  { clock, bundles }: Pick<Base, 'clock' | 'bundles'>,
  config: ProcConfig,
  rig: WebhookRig,
) {
  const { httpAllowedHosts: allowedHosts, httpPrivateHosts: privateHosts } = config;
  const webhooks = createWebhooks({
    jobs: rig.jobs,
    async send(bundleId, request, signal) {
      // Of no bundle: a client named it, and what the operator allows is all there is to ask.
      const httpHosts = bundleId === '' ? [hostOf(new URL(request.url))] : await hostsOf(bundles, bundleId);
      return sendGuarded(
        { ...request, headers: [...request.headers], httpHosts, signal },
        { allowedHosts, privateHosts },
      );
    },
    readSecret: async (bundleId, name) =>
      bundleId === '' ? config.predictionWebhookSecret?.reveal() : rig.secrets.read(bundleId, name),
    clock,
    timeoutMs: config.webhookTimeout,
    maxAttempts: config.webhookAttempts,
  });
  const deliver: DeliverWebhook = (bundleId, { idempotencyKey, ...webhook }) =>
    webhooks.enqueue({ ...webhook, bundleId, deliveryKey: idempotencyKey });
  return { run: webhooks.deliver, deliver, enqueue: webhooks.enqueue };
}

async function hostsOf(bundles: Pick<Bundles, 'find'>, bundleId: string): Promise<readonly string[]> {
  const row = await bundles.find(bundleId);
  if (row === undefined) throw PlatformError.of('CAPABILITY_DENIED', 'The bundle was removed.');
  const manifest = row.version?.manifest ?? undefined;
  if (manifest === undefined) throw PlatformError.of('BUNDLE_UNAVAILABLE');
  return manifest.httpHosts;
}
