/** What an admin tells a worker: take no more, or take some again. */
export type WorkerOrder = 'drain' | 'work';

export function isWorkerOrder(word: unknown): word is WorkerOrder {
  return word === 'drain' || word === 'work';
}

/** Whether a worker takes work. What has not started is given back when it closes; what is claimed after it opened again is not. */
export interface DrainGate {
  /** Aborted while closed. */
  signal(): AbortSignal;
  isClosed(): boolean;
  /** False when nothing changes. */
  set(order: WorkerOrder): boolean;
}

export function createDrainGate(): DrainGate {
  let closing = new AbortController();
  return {
    signal: () => closing.signal,
    isClosed: () => closing.signal.aborted,
    set: (order) => {
      if ((order === 'drain') === closing.signal.aborted) return false;
      if (order === 'drain') closing.abort();
      else closing = new AbortController();
      return true;
    },
  };
}
