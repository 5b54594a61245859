import { expect, test } from 'vitest';
import { loadDeploy } from './loaded-deploy.ts';

/** The gateway is a bundle: what it may say of an answer does not depend on what it reads in `_headers`. */
test('a plan sets no cookie and nothing that frames an answer, whatever gateway made it', () => {
  const names = [
    'Set-Cookie',
    'SET-COOKIE',
    'Content-Length',
    'Transfer-Encoding',
    'Location',
    'ETag',
    'Vary',
  ];
  const { headersFor } = loadDeploy(
    'd1',
    {},
    {
      v: 1,
      index: null,
      extensions: [],
      notFound: null,
      fallback: null,
      headers: [{ pattern: '/*', set: names.map((name) => [name, 'x']), unset: [] }],
      redirects: [],
      immutable: [],
      hidden: [],
      problems: [],
    },
  );
  expect(headersFor('/a')).toEqual([['vary', 'x']]);
});
