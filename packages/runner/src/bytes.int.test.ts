import { readdir } from 'node:fs/promises';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { record, startRunner, turnPayload, until, versionOf } from '../test/runner-fixture.ts';
import { describeFailure } from './host-failure.ts';
import type { WireResponse } from '@switchyard/protocol';

const pages = versionOf('pages');
let workDir = '';
let runner: Awaited<ReturnType<typeof startRunner>>;
beforeAll(async () => {
  workDir = await mkdtemp(join(tmpdir(), 'switchyard-work-'));
  runner = await startRunner({ workDir, maxFileBytes: 1_000_000 });
});
afterAll(async () => {
  await runner[Symbol.asyncDispose]();
  expect(await readdir(workDir)).toEqual([]);
  await rm(workDir, { recursive: true });
});

async function textOf(chunks: AsyncIterable<Uint8Array>): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  for await (const chunk of chunks) text += decoder.decode(chunk, { stream: true });
  return text;
}

const bodyOf = ({ body }: WireResponse): AsyncIterable<Uint8Array> =>
  body === null || body instanceof Uint8Array ? (async function* () {})() : body;

const request = (path: string, body: AsyncIterable<Uint8Array> | null = null) => ({
  kind: 'web' as const,
  payload: {
    request: { method: body === null ? 'GET' : 'POST', url: `http://site${path}`, headers: [], body },
  },
});

const scratchFolders = async (): Promise<string[]> =>
  (await readdir(workDir, { recursive: true })).filter((path) => /scratch\/\d+/u.test(path));

describe('a file of an answer', () => {
  test.each(['plain', 'absolute'])(
    '%s: is opened by proc, and its folder is gone at the end',
    async (way) => {
      let text = '';
      const turn = record(way, {
        onEvent: async (_event, file) => {
          expect(file?.size).toBe(11);
          expect((await scratchFolders()).length).toBeGreaterThan(0);
          text = file === undefined ? '' : await textOf(file.bytes());
        },
      });
      await runner.invoke(pages, turn);
      expect(text).toBe('in the file');
      await until(async () => (await scratchFolders()).length === 0);
    },
  );

  test.each([
    ['missing', /there is no file "none.txt"/],
    ['outside', /not in the scratch folder/],
    ['upwards', /not in the scratch folder/],
    ['folder', /"folder" is not a file/],
    ['large', /larger than 1000000 bytes/],
  ])('%s: is refused with the reason', async (way, why) => {
    const failure = await runner.invoke(pages, record(way)).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'BUNDLE_ERROR' });
    expect(describeFailure(failure)).toMatch(why);
  });

  // With no wall at all a bundle can make links; proc does not follow them.
  test.each([
    ['link', /cannot be read \(ELOOP\)/],
    ['linkedFolder', /cannot be read \((ELOOP|ENOTDIR)\)/],
    ['secondName', /not the scratch folder's own/],
  ])('%s: leads proc nowhere', async (way, why) => {
    await using open = await startRunner({ sandbox: 'none' });
    const failure = await open.invoke(pages, record(way)).catch((error: unknown) => error);
    expect(describeFailure(failure)).toMatch(why);
  });

  test('who fills the disk is ended', async () => {
    await using small = await startRunner({ maxScratchBytes: 5_000_000 });
    await expect(small.invoke(pages, record('fill'))).rejects.toMatchObject({
      code: 'BUNDLE_CRASHED',
      cause: { reason: 'disk' },
    });
  });

  test('keepFiles leaves request, result and files for looking into', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'switchyard-kept-'));
    await using keeping = await startRunner({ workDir: dir, keepFiles: true });
    await keeping.invoke(pages, record('plain', { onEvent: async () => undefined }));
    const kept = (await readdir(dir, { recursive: true })).filter((path) => /\.(json|txt)$/u.test(path));
    expect(new Set(kept.map((path) => path.split('/').at(-1)))).toEqual(
      new Set(['a.txt', 'request.json', 'result.json']),
    );
    const read = async (name: string) =>
      JSON.parse(
        await readFile(join(dir, kept.find((path) => path.endsWith(name)) ?? ''), 'utf8'),
      ) as unknown;
    expect(await read('request.json')).toEqual(turnPayload('plain'));
    expect(await read('result.json')).toMatchObject({ path: 'deep/a.txt' });
    await rm(dir, { recursive: true });
  });
});

describe('a body', () => {
  test('of some megabytes goes in and comes out as it was', async () => {
    const piece = Uint8Array.from({ length: 100_000 }, (_, at) => at % 253);
    const sent = (async function* () {
      for (let n = 0; n < 30; n += 1) yield piece;
    })();
    const answer = (await runner.invoke(pages, record('', request('/echo', sent)))) as WireResponse;
    expect(answer.status).toBe(201);
    let at = 0;
    for await (const chunk of bodyOf(answer)) {
      expect(chunk.every((byte, index) => byte === ((at + index) % 100_000) % 253)).toBe(true);
      at += chunk.length;
    }
    expect(at).toBe(3_000_000);
  });

  test('that goes on is read while it comes; a reader that leaves ends it', async () => {
    const invocation = record('', request('/events'));
    const answer = (await runner.invoke(pages, invocation)) as WireResponse;
    for await (const chunk of bodyOf(answer)) {
      expect(new TextDecoder().decode(chunk)).toMatch(/^data: 1\n\n/u);
      break;
    }
    await until(() => invocation.logs.some(({ text }) => text === 'reader left'));
    await until(() => runner.snapshot().every((host) => host.running === 0));
  });

  test('ends with the abort of its request, also after its head', async () => {
    const invocation = record('', request('/events'));
    const answer = (await runner.invoke(pages, invocation)) as WireResponse;
    const reading = textOf(bodyOf(answer));
    invocation.controller.abort();
    await expect(reading).rejects.toThrow();
    await until(() => runner.snapshot().every((host) => host.running === 0));
  });

  test('answers before what waitUntil was given has ended', async () => {
    const invocation = record('', request('/later'));
    const answer = (await runner.invoke(pages, invocation)) as WireResponse;
    expect(await textOf(bodyOf(answer))).toBe('at once');
    expect(invocation.logs).toEqual([]);
    await until(() => invocation.logs.some(({ text }) => text === 'done later'));
  });
});

test('bytes and responses travel with calls of capabilities', async () => {
  const stored = Uint8Array.from({ length: 200_000 }, (_, at) => at % 7);
  let written: unknown;
  let asked = '';
  const invocation = record('', {
    kind: 'operation',
    name: 'copy',
    payload: { user: turnPayload('').user },
    onCall: async ({ target, method, args }) => {
      if (method === 'read') return stored;
      if (target === 'storage') {
        written = args[1];
        return { path: 'out.bin' };
      }
      const { body } = args[0] as { body: Uint8Array };
      asked = new TextDecoder().decode(body);
      const chunks = (async function* () {
        yield new TextEncoder().encode('the ');
        yield new TextEncoder().encode('answer');
      })();
      return { status: 200, headers: [], body: chunks };
    },
  });
  expect(await runner.invoke(pages, invocation)).toEqual({
    output: { length: 200_000, status: 200, text: 'the answer' },
  });
  expect(written).toEqual(stored);
  expect(asked).toBe('question');
});

test('a site of two thousand images goes in one call; one file more than fits is an error, and the host lives on', async () => {
  let lengths: number[] = [];
  const publish = (files: number) =>
    runner.invoke(
      pages,
      record('', {
        kind: 'operation',
        name: `publish_${files}`,
        payload: { user: turnPayload('').user },
        onCall: async ({ args }) => {
          lengths = (args[0] as { content: Uint8Array }[]).map(({ content }) => content.byteLength);
          return { error: 'kept nothing' };
        },
      }),
    );
  expect(await publish(2000)).toEqual({ output: { told: { error: 'kept nothing' } } });
  expect(lengths).toEqual(Array.from({ length: 2000 }, () => 1024));
  lengths = [];
  expect(await publish(2049)).toMatchObject({ output: { told: { error: expect.stringContaining('2048') } } });
  expect(lengths).toEqual([]);
  expect(await publish(1)).toEqual({ output: { told: { error: 'kept nothing' } } });
});
