import { expect } from 'vitest';
import { ASSISTANT_DIR, answerOf, procTest as test } from '../../test/proc-rig.ts';

const PATH = '/admin/integrations/documents';
const GUIDE = '# House rules\n\n## Parrots\n\nA parrot must be fed with walnuts at noon.\n';

test('what an admin adds is found, can be replaced, and is gone when it was removed', async ({
  rig,
  redis: _redis,
}) => {
  await rig.ship(ASSISTANT_DIR);
  const { port } = await rig.start({ defaultBundle: 'assistant' });
  const tokens = { admin: await rig.token('privileged'), other: await rig.token('registered') };
  const ask = async (method: string, query = '', body?: object, token = tokens.admin) => {
    const response = await fetch(`http://127.0.0.1:${port}${PATH}${query}`, {
      method,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  };
  const answer = async () =>
    answerOf(await rig.ended(await rig.say('What is a parrot fed with?', { bundleId: 'assistant' })));

  expect(await answer()).not.toContain('walnuts');
  const document = { path: 'house/rules.md', text: GUIDE };
  expect(await ask('POST', '', document)).toMatchObject({
    status: 200,
    body: { status: 'ok', collection: 'added' },
  });
  expect(await ask('POST', '', document)).toMatchObject({ body: { status: 'unchanged' } });
  expect(await answer()).toContain('walnuts at noon');
  const listed = await ask('GET');
  expect(listed.body).toMatchObject({
    documents: [{ collection: 'added', path: 'house/rules.md', title: 'House rules' }],
    has_more: false,
  });
  expect((await ask('GET', '?after_collection=added&after_path=house/rules.md')).body['documents']).toEqual(
    [],
  );

  expect(await ask('POST', '', { ...document, text: GUIDE.replace('walnuts', 'grapes') })).toMatchObject({
    body: { status: 'ok' },
  });
  expect(await answer()).toContain('grapes at noon');
  expect((await ask('DELETE', '?path=house/rules.md')).body).toEqual({ status: 'removed' });
  expect((await ask('DELETE', '?path=house/rules.md')).status).toBe(404);
  expect(await answer()).not.toContain('grapes');

  expect((await ask('POST', '', { ...document, collection: 'docs' })).status).toBe(422);
  expect((await ask('POST', '', { path: 'a', text: '' })).status).toBe(400);
  expect((await ask('POST', '', document, tokens.other)).status).toBe(403);
  expect((await ask('GET', '', undefined, tokens.other)).status).toBe(403);
});

test('there are as many as the setting allows', async ({ rig, redis: _redis }) => {
  const { port } = await rig.start({ documentsMax: '1' });
  const authorization = `Bearer ${await rig.token('privileged')}`;
  const add = (name: string) =>
    fetch(`http://127.0.0.1:${port}${PATH}`, {
      method: 'POST',
      headers: { authorization, 'content-type': 'application/json' },
      body: JSON.stringify({ collection: 'laws', path: name, text: 'Some text.' }),
    });
  expect((await add('a')).status).toBe(200);
  expect((await add('b')).status).toBe(422);
});
