import { duration, text } from '@switchyard/kernel';
import { z } from 'zod';

export const SCALE_IN_HOOKS = ['none', 'ecs', 'pod-deletion-cost'] as const;

export const scaleInSettings = {
  scaleInHook: z
    .enum(SCALE_IN_HOOKS)
    .default('none')
    .describe('How an autoscaler is told that turns run here: `ecs`, `pod-deletion-cost` or `none`.'),
  scaleInLinger: duration('5s').describe('How long a worker without turns stays protected.'),
  scaleInExpires: duration('10m').describe(
    'With `ecs`: when a protection ends that nobody renews; it is renewed at half of this.',
  ),
  scaleInLimit: duration('3s').describe('Longest answer of the agent or the Kubernetes API.'),
  ecsAgentUri: text('').describe("With `ecs`: the agent's address; ECS sets it in every container."),
  podName: text('').describe('With `pod-deletion-cost`: name of the own pod (downward API).'),
  kubernetesApiUrl: text('https://kubernetes.default.svc').describe(
    'With `pod-deletion-cost`: the Kubernetes API.',
  ),
  serviceAccountDir: text('/var/run/secrets/kubernetes.io/serviceaccount').describe(
    'With `pod-deletion-cost`: where token, ca.crt and namespace of the service account lie.',
  ),
};

const schema = z.object(scaleInSettings);
export type ScaleInConfig = Readonly<z.output<typeof schema>>;
