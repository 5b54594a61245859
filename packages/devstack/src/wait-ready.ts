const POLL_MS = 50;
const REQUEST_MS = 2_000;

const isReady = async (url: string): Promise<boolean> => {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(REQUEST_MS) });
    await response.body?.cancel();
    return response.ok;
  } catch {
    return false;
  }
};

/** Waits for `/health/ready` on a loopback port to say 200. */
export const waitReady = async (port: number, limitMs: number): Promise<void> => {
  const until = performance.now() + limitMs;
  while (!(await isReady(`http://127.0.0.1:${port}/health/ready`))) {
    if (performance.now() > until)
      throw new Error(`port ${port} did not become ready within ${limitMs / 1000} s`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
};
