import { PlatformError } from '@switchyard/kernel';
import { createEcsHook } from './ecs-hook.ts';
import { createPodDeletionCostHook } from './pod-deletion-cost-hook.ts';
import type { ProtectionHook } from './protection-hook.ts';
import type { ScaleInConfig } from './scale-in-settings.ts';

/** The hook that is configured; undefined: none. Throws CONFIG when what it needs is not. */
export function createProtectionHook(config: ScaleInConfig): ProtectionHook | undefined {
  const required = (name: string, value: string): string => {
    if (value === '')
      throw PlatformError.of('CONFIG', `${name} is needed for SCALE_IN_HOOK=${config.scaleInHook}`);
    return value;
  };
  switch (config.scaleInHook) {
    case 'none':
      return undefined;
    case 'ecs':
      return createEcsHook({
        agentUri: required('ECS_AGENT_URI', config.ecsAgentUri),
        expiresMs: config.scaleInExpires,
      });
    case 'pod-deletion-cost':
      return createPodDeletionCostHook({
        apiUrl: config.kubernetesApiUrl,
        podName: required('POD_NAME', config.podName),
        serviceAccountDir: config.serviceAccountDir,
      });
  }
}
