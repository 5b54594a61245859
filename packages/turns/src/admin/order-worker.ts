import { PlatformError } from '@switchyard/kernel';
import type { AdminOrder } from '@switchyard/protocol';
import { ScriptResult } from '../script-result.ts';
import type { AdminScripts } from './admin-scripts.ts';

/** Throws NOT_FOUND (`unknown_worker`) for one that is not alive. */
export async function orderWorker(
  scripts: Pick<AdminScripts, 'orderWorker'>,
  workerId: string,
  wanted: 'drain' | 'work',
): Promise<AdminOrder> {
  const { code } = await scripts.orderWorker({ worker_id: workerId, wanted });
  if (code === ScriptResult.Missing) {
    throw PlatformError.of('NOT_FOUND', 'There is no such worker.', {
      errorType: 'unknown_worker',
      details: { status: 'unknown_worker' },
    });
  }
  return {
    worker_id: workerId,
    status: wanted === 'drain' ? 'draining' : 'working',
    is_repeat: code === ScriptResult.Repeated,
  };
}
