import type { Capabilities, CapabilityCaller } from '@switchyard/capabilities';
import type { ByteStream } from '@switchyard/protocol';
import type { BundleHold } from '@switchyard/registry';
import type { Invocation } from '@switchyard/runner';
import { silentLog } from '@switchyard/telemetry';
import { expect, test } from 'vitest';
import { createBundleInvoker } from './invoke-bundle.ts';
import type { BundleRequest } from './invoke-bundle.ts';

/** A bundle that answers with a value, and what was let go of it meanwhile. */
function invokerOf(answer: () => Promise<unknown>) {
  const seen = {
    releases: 0,
    callers: [] as CapabilityCaller[],
    invocation: undefined as Invocation | undefined,
  };
  const hold = {
    version: { bundleId: 'b', versionId: 'v' },
    manifest: { capabilities: ['model'], httpHosts: [], secrets: [] },
    release: () => void (seen.releases += 1),
  } as unknown as BundleHold;
  const invoker = createBundleInvoker({
    registry: { hold: async () => hold },
    runner: {
      invoke: (_version, invocation) => {
        seen.invocation = invocation;
        return answer();
      },
    },
    capabilities: {
      call: async (caller) => void seen.callers.push(caller),
    } as Partial<Capabilities> as Capabilities,
    publishNotice: async () => undefined,
    storeUsage: async () => undefined,
    log: silentLog,
  });
  const left = new AbortController();
  const ask = (kind: BundleRequest['kind']) =>
    invoker.run(hold, { kind, payload: {}, timeoutMs: 1000, signal: left.signal });
  const isCalling = async (): Promise<boolean> => {
    await seen.invocation?.onCall({ target: 'model', method: 'complete', args: [] });
    return seen.callers.at(-1)?.signal.aborted === false;
  };
  return { seen, ask, isCalling, left };
}

async function* words(): AsyncGenerator<Uint8Array> {
  yield Buffer.from('one ');
  yield Buffer.from('two');
}
const response = () => ({ status: 200, headers: [], body: words() });
function bodyOf(value: unknown): ByteStream {
  const { response = value } = value as { response?: unknown };
  return (response as { body: ByteStream }).body;
}

test.for([
  ['an operation', 'operation', () => ({ response: response() })],
  ['a request of a site', 'web', response],
] as const)(
  '%s that streams holds its version, and may ask the platform, to the end of its body',
  async ([, kind, make]) => {
    const { seen, ask, isCalling } = invokerOf(async () => make());
    const reading = bodyOf(await ask(kind))[Symbol.asyncIterator]();
    await reading.next();
    expect([seen.releases, await isCalling()]).toEqual([0, true]);
    await reading.next();
    expect((await reading.next()).done).toBe(true);
    expect([seen.releases, await isCalling()]).toEqual([1, false]);
  },
);

test.for(['operation', 'web'] as const)('%s: who leaves in the middle of a stream ends it', async (kind) => {
  const { seen, ask, isCalling, left } = invokerOf(async () =>
    kind === 'web' ? response() : { response: response() },
  );
  await ask(kind);
  expect([seen.releases, await isCalling()]).toEqual([0, true]);
  left.abort();
  expect(seen.releases).toBeGreaterThan(0);
  expect(await isCalling()).toBe(false);
});

test('what does not stream is over with its answer, and what fails with its failure', async () => {
  for (const value of [{ output: 1 }, { status: 200, headers: [], body: null }, undefined]) {
    const { seen, ask, isCalling } = invokerOf(async () => value);
    expect(await ask('web')).toBe(value);
    expect([seen.releases, await isCalling()]).toEqual([1, false]);
  }
  const { seen, ask } = invokerOf(() => Promise.reject(new Error('no')));
  await expect(ask('operation')).rejects.toThrow('no');
  expect(seen.releases).toBe(1);
});
