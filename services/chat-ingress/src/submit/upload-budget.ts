import { PlatformError } from '@switchyard/kernel';

/** Memory for the bodies of uploads, shared by all requests of the process. */
export interface UploadBudget {
  /** Takes `bytes` and returns how to give them back (once). Throws UNAVAILABLE when there is not so much left. */
  take(bytes: number): () => void;
  readonly usedBytes: number;
}

export function createUploadBudget(totalBytes: number): UploadBudget {
  let used = 0;
  return {
    take(bytes) {
      if (used + bytes > totalBytes)
        throw PlatformError.of('UNAVAILABLE', 'Too many uploads at once.', { retryAfterSec: 2 });
      used += bytes;
      let isTaken = true;
      return () => {
        if (isTaken) used -= bytes;
        isTaken = false;
      };
    },
    get usedBytes() {
      return used;
    },
  };
}
