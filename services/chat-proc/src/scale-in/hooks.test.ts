import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfig } from '@switchyard/kernel';
import { afterEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { TEST_CERTIFICATE, startHookServer } from '../../test/hook-server.ts';
import type { HookServer } from '../../test/hook-server.ts';
import { createEcsHook } from './ecs-hook.ts';
import { createPodDeletionCostHook } from './pod-deletion-cost-hook.ts';
import { createProtectionHook } from './create-protection-hook.ts';
import { scaleInSettings } from './scale-in-settings.ts';

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

async function serve(scheme: 'http' | 'https', answer: HookServer['answer']): Promise<HookServer> {
  const server = await startHookServer(scheme, answer);
  closers.push(server.close);
  return server;
}

const soon = () => AbortSignal.timeout(5000);
const agrees = (isProtected: boolean) => ({
  status: 200,
  body: { protection: { ProtectionEnabled: isProtected, TaskArn: 'arn' } },
});

describe('the ECS agent', () => {
  it('is told with an end, and that it is over', async () => {
    const server = await serve('http', agrees(true));
    const hook = createEcsHook({ agentUri: `${server.url}/api/`, expiresMs: 90_000 });
    expect(hook.expiresMs).toBe(120_000);
    await hook.set(true, soon());
    server.answer = agrees(false);
    await hook.set(false, soon());
    const path = '/api/task-protection/v1/state';
    expect(server.heard).toMatchObject([
      { method: 'PUT', path, body: { ProtectionEnabled: true, ExpiresInMinutes: 2 } },
      { method: 'PUT', path, body: { ProtectionEnabled: false } },
    ]);
  });

  it('may refuse with status 200, by an error, or by silence: none of it counts as done', async () => {
    const server = await serve('http', { status: 200, body: { failure: { Reason: 'DEPLOYMENT_BLOCKED' } } });
    const hook = createEcsHook({ agentUri: server.url, expiresMs: 60_000 });
    await expect(hook.set(true, soon())).rejects.toThrow('DEPLOYMENT_BLOCKED');
    server.answer = agrees(false);
    await expect(hook.set(true, soon())).rejects.toThrow('did not change');
    server.answer = { status: 400, body: { error: { Code: 'AccessDeniedException' } } };
    await expect(hook.set(true, soon())).rejects.toThrow('answered 400');
    server.answer = 'silence';
    await expect(hook.set(true, AbortSignal.timeout(50))).rejects.toThrow();
  });
});

describe('the Kubernetes API', () => {
  async function accountDir(): Promise<string> {
    const dir = await mkdtemp(join(tmpdir(), 'service-account-'));
    closers.push(() => rm(dir, { recursive: true, force: true }));
    await writeFile(join(dir, 'ca.crt'), TEST_CERTIFICATE);
    await writeFile(join(dir, 'namespace'), 'chat\n');
    await writeFile(join(dir, 'token'), 'first\n');
    return dir;
  }

  it('is told over TLS that this pod is dear, as its service account, with the token of the moment', async () => {
    const server = await serve('https', { status: 200, body: {} });
    const serviceAccountDir = await accountDir();
    const hook = createPodDeletionCostHook({ apiUrl: server.url, podName: 'proc-0', serviceAccountDir });
    expect(hook.expiresMs).toBeUndefined();
    await hook.set(true, soon());
    await writeFile(join(serviceAccountDir, 'token'), 'second');
    await hook.set(false, soon());
    const annotation = 'controller.kubernetes.io/pod-deletion-cost';
    const body = (cost: string | null) => ({ metadata: { annotations: { [annotation]: cost } } });
    const path = '/api/v1/namespaces/chat/pods/proc-0';
    const type = { 'content-type': 'application/merge-patch+json' };
    expect(server.heard).toMatchObject([
      { method: 'PATCH', path, headers: { ...type, authorization: 'Bearer first' }, body: body('100') },
      { method: 'PATCH', path, headers: { ...type, authorization: 'Bearer second' }, body: body(null) },
    ]);
  });

  it('is not believed without a certificate of its authority, and may refuse', async () => {
    const server = await serve('https', { status: 403, body: { reason: 'Forbidden' } });
    const serviceAccountDir = await accountDir();
    const hook = createPodDeletionCostHook({ apiUrl: server.url, podName: 'proc-0', serviceAccountDir });
    await expect(hook.set(true, soon())).rejects.toThrow('answered 403');
    await writeFile(join(serviceAccountDir, 'ca.crt'), '');
    await expect(hook.set(true, soon())).rejects.toThrow(/self-signed|certificate/);
    expect(server.heard).toHaveLength(1);
  });
});

describe('the setting', () => {
  const config = (env: Record<string, string>) => loadConfig(z.object(scaleInSettings), env, 'test');

  it('is none, and names what a hook lacks', () => {
    expect(createProtectionHook(config({}))).toBeUndefined();
    expect(() => createProtectionHook(config({ SCALE_IN_HOOK: 'ecs' }))).toThrow('ECS_AGENT_URI is needed');
    expect(() => createProtectionHook(config({ SCALE_IN_HOOK: 'pod-deletion-cost' }))).toThrow('POD_NAME');
    const ecs = config({ SCALE_IN_HOOK: 'ecs', ECS_AGENT_URI: 'http://127.0.0.1/api' });
    expect(createProtectionHook(ecs)?.name).toBe('ecs');
    const pod = config({ SCALE_IN_HOOK: 'pod-deletion-cost', POD_NAME: 'proc-0' });
    expect(createProtectionHook(pod)?.name).toBe('pod-deletion-cost');
  });
});
