/** Who made a fence `worker_id:n`. A reaper's is `reaper:worker_id:n`, and it is shown as such. */
export function workerOfFence(fence: string): string {
  return fence.slice(0, Math.max(0, fence.lastIndexOf(':')));
}
