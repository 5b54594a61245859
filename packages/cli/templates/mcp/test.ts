import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openBundle } from '@switchyard/bundle-sdk/testing';
import { server } from './server.ts';

/** Stands for the server: it answers every tool with its name and what it was given. */
async function answer(request: Request): Promise<Response> {
  const { id, method, params } = (await request.json()) as {
    id?: number;
    method: string;
    params?: { name: string; arguments: unknown };
  };
  if (id === undefined) return new Response(null, { status: 202 });
  const called = { tool: params?.name, given: params?.arguments };
  const result = method === 'tools/call' ? { content: [], structuredContent: called } : {};
  return Response.json({ jsonrpc: '2.0', id, result });
}

test('every tool is an operation', async () => {
  await using bundle = await openBundle('./bundle.ts');
  assert.deepEqual(Object.keys(bundle.manifest.operations), Object.keys(server.tools));
});

for (const [name, tool] of Object.entries(server.tools)) {
  // One that needs nothing is called; the others have rules that only their author knows.
  if (tool.input['required'] !== undefined) continue;
  test(`${name} is asked of the server`, async () => {
    await using bundle = await openBundle('./bundle.ts');
    bundle.platform.http = answer;
    bundle.platform.secrets.set('authorization', 'Bearer of-a-test');
    assert.deepEqual(await bundle.operation(name, {}), { tool: tool.name, given: {} });
  });
}
