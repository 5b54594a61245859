import { expect, test } from 'vitest';
import { z } from 'zod';
import { conversationListQuerySchema, conversationListSchema } from './conversation.ts';
import { buildOpenApi } from './openapi.ts';
import { ackSchema, submissionSchema } from './submission.ts';

const document = buildOpenApi({
  title: 'x',
  version: '1',
  routes: [
    {
      method: 'post',
      path: '/sse/chat',
      summary: 'Submit',
      tag: 'chat',
      guard: 'session',
      body: submissionSchema,
      answer: ackSchema,
    },
    {
      method: 'get',
      path: '/conversations/:tenant/{*rest}',
      summary: 'List',
      tag: 'c',
      guard: 'none',
      query: conversationListQuerySchema,
      answer: conversationListSchema,
    },
    {
      method: 'get',
      path: '/events',
      summary: 'Stream',
      tag: 'chat',
      guard: 'session',
      produces: 'text/event-stream',
      query: z.object({ stream_id: z.string() }),
    },
  ],
}) as {
  paths: Record<
    string,
    Record<
      string,
      {
        parameters?: { name: string; required: boolean }[];
        security?: unknown;
        responses: Record<string, { content: object }>;
      }
    >
  >;
};

test('paths are in OpenAPI form and their parameters are listed', () => {
  expect(Object.keys(document.paths)).toEqual(['/sse/chat', '/conversations/{tenant}/{rest}', '/events']);
  expect(document.paths['/conversations/{tenant}/{rest}']?.['get']?.parameters?.slice(0, 3)).toMatchObject([
    { name: 'tenant', required: true },
    { name: 'rest', required: true },
    { name: 'last_n', required: false },
  ]);
});

test('what may be left out of a path stands in it all the same', () => {
  const route = { method: 'get', summary: 'File', tag: 'c', guard: 'none' } as const;
  const routes = [{ ...route, path: '/files/:alias{/*path}' }];
  const { paths } = buildOpenApi({ title: 'T', version: '1', routes });
  expect(Object.keys(paths as object)).toEqual(['/files/{alias}/{path}']);
});

test('an open route says that it needs no credentials, a stream names its media type', () => {
  expect(document.paths['/conversations/{tenant}/{rest}']?.['get']?.security).toEqual([]);
  expect(Object.keys(document.paths['/events']?.['get']?.responses['200']?.content ?? {})).toEqual([
    'text/event-stream',
  ]);
});
