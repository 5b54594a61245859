import path from 'node:path';
import { expect } from 'vitest';
import { answerOf, procTest as test, terminalOf } from '../test/proc-rig.ts';

const ROOT = path.join(import.meta.dirname, '../../..');

test('what is shipped works together: every starter of the assistant is answered from the shipped documentation', async ({
  rig,
}) => {
  const bundlesDir = path.join(ROOT, 'bundles');
  const { port } = await rig.start({
    bundlesDir,
    docsDir: path.join(ROOT, 'docs'),
    defaultBundle: 'assistant',
  });
  const authorization = `Bearer ${await rig.token('registered')}`;
  const response = await fetch(`http://127.0.0.1:${port}/api/integrations/bundles`, {
    headers: { authorization },
  });
  const { default_bundle_id, bundles } = (await response.json()) as {
    default_bundle_id: string;
    bundles: { bundle_id: string; answers_messages: boolean; starters: string[] }[];
  };
  expect(default_bundle_id).toBe('assistant');
  expect(bundles.map((bundle) => bundle.bundle_id)).toEqual([
    'assistant',
    'docs-site',
    'hello',
    'web-gateway',
    'workboard',
  ]);
  // What a chat page offers.
  const answering = bundles.filter((bundle) => bundle.answers_messages);
  expect(answering.map((bundle) => bundle.bundle_id)).toEqual(['assistant', 'hello', 'workboard']);
  const starters = bundles.find((bundle) => bundle.bundle_id === 'assistant')?.starters ?? [];
  expect(starters.length).toBeGreaterThan(0);
  for (const starter of starters) {
    const events = await rig.ended(await rig.say(starter, { bundleId: 'assistant' }));
    expect(answerOf(events)).toContain('[1]');
    expect(events.find(({ data }) => data.type === 'chat.citations')?.data.data?.['items']).not.toEqual([]);
  }
  expect(terminalOf(await rig.ended(await rig.say('hi', { bundleId: 'hello' })))?.event).toBe(
    'chat_complete',
  );
});
