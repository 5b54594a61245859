import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ProtectionHook } from './protection-hook.ts';
import { sendJson } from './send-json.ts';

export interface PodDeletionCostOptions {
  /** `https://kubernetes.default.svc` inside a pod. */
  apiUrl: string;
  podName: string;
  /** Where Kubernetes puts `token`, `ca.crt` and `namespace` of the pod's service account. */
  serviceAccountDir: string;
}

const ANNOTATION = 'controller.kubernetes.io/pod-deletion-cost';
const COST_OF_BUSY = '100';

/**
 * Kubernetes: a ReplicaSet that shrinks takes the pods with the lowest cost first. It is a preference and not a lock, so the drain on
 * SIGTERM stays what turns rely on.
 * https://kubernetes.io/docs/concepts/workloads/controllers/replicaset/#pod-deletion-cost
 */
export function createPodDeletionCostHook(options: PodDeletionCostOptions): ProtectionHook {
  const own = (file: string) => readFile(join(options.serviceAccountDir, file), 'utf8');
  return {
    name: 'pod-deletion-cost',
    async set(isProtected, signal) {
      // Read each time: the token is another one every hour.
      const [token, ca, namespace] = await Promise.all([own('token'), own('ca.crt'), own('namespace')]);
      const path = `/api/v1/namespaces/${encodeURIComponent(namespace.trim())}/pods/${encodeURIComponent(options.podName)}`;
      await sendJson({
        method: 'PATCH',
        url: options.apiUrl.replace(/\/$/, '') + path,
        headers: {
          authorization: `Bearer ${token.trim()}`,
          'content-type': 'application/merge-patch+json',
          accept: 'application/json',
        },
        // Null removes the annotation: without it the cost is 0.
        body: { metadata: { annotations: { [ANNOTATION]: isProtected ? COST_OF_BUSY : null } } },
        ca,
        signal,
      });
    },
  };
}
