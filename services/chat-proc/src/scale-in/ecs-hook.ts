import { z } from 'zod';
import type { ProtectionHook } from './protection-hook.ts';
import { sendJson } from './send-json.ts';

/** What the agent answers; a refusal comes with status 200 as well. */
const answerSchema = z.object({
  protection: z.object({ ProtectionEnabled: z.boolean() }).optional(),
  failure: z.object({ Reason: z.string().optional() }).optional(),
  error: z.object({ Code: z.string().optional(), Message: z.string().optional() }).optional(),
});

/**
 * Amazon ECS: the agent of the own task, at `ECS_AGENT_URI` in every container.
 * https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-scale-in-protection-endpoint.html
 */
export function createEcsHook(options: { agentUri: string; expiresMs: number }): ProtectionHook {
  const url = `${options.agentUri.replace(/\/$/, '')}/task-protection/v1/state`;
  const expiresMinutes = Math.max(1, Math.ceil(options.expiresMs / 60_000));
  return {
    name: 'ecs',
    expiresMs: expiresMinutes * 60_000,
    async set(isProtected, signal) {
      const body = isProtected
        ? { ProtectionEnabled: true, ExpiresInMinutes: expiresMinutes }
        : { ProtectionEnabled: false };
      const answer = answerSchema.safeParse(await sendJson({ method: 'PUT', url, body, signal })).data;
      if (answer?.protection?.ProtectionEnabled === isProtected) return;
      const why = answer?.failure?.Reason ?? answer?.error?.Message ?? answer?.error?.Code;
      throw new Error(`the ECS agent did not change the protection: ${why ?? 'no reason given'}`);
    },
  };
}
