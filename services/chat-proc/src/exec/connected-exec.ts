import {
  createExecCapability,
  createExecClient,
  createUnavailableCapability,
} from '@switchyard/capabilities';
import type { Capability, SecretMasks } from '@switchyard/capabilities';
import { PlatformError } from '@switchyard/kernel';
import type { Clock, Secret } from '@switchyard/kernel';

/** Generated code in the service for it, where one is configured. Throws CONFIG for an address without a token. */
export function createConnectedExec(
  { execUrl, execToken }: { execUrl: string; execToken: Secret | undefined },
  masks: SecretMasks,
  clock: Clock,
): Capability {
  if (execUrl === '')
    return createUnavailableCapability('exec', 'No service that runs code is configured.', {
      describe: async () => null,
    });
  if (execToken === undefined)
    throw PlatformError.of('CONFIG', 'chat-proc: EXEC_URL is set and EXEC_TOKEN is not');
  return createExecCapability({ client: createExecClient({ url: execUrl, token: execToken }), masks, clock });
}
