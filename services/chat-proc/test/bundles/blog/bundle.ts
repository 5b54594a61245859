import { defineBundle, operation, z } from '@switchyard/bundle-sdk';

const scope = z.object({
  site: z.string().optional(),
  pathPrefix: z.string().optional(),
  ops: z.array(z.enum(['publish', 'list', 'deploy'])).optional(),
});

/** Publishes what it is told to. */
export default defineBundle({
  id: 'blog',
  name: 'Publisher',
  capabilities: ['web'],
  operations: {
    deploy: operation({
      needs: ['web'],
      input: z.object({
        files: z.array(z.object({ path: z.string(), content: z.string() })),
        scope: scope.optional(),
      }),
      run: (ctx, { files, scope: part }) =>
        (part === undefined ? ctx.web : ctx.web.within(part)).deploy(files),
    }),
    publish: operation({
      needs: ['web'],
      input: z.object({
        path: z.string(),
        content: z.string(),
        scope: scope.optional(),
        base64: z.boolean().default(false),
      }),
      run: (ctx, { path, content, scope: part, base64 }) =>
        (part === undefined ? ctx.web : ctx.web.within(part)).publish(
          path,
          content,
          base64 ? { encoding: 'base64' } : {},
        ),
    }),
    unpublish: operation({
      needs: ['web'],
      input: z.object({ path: z.string() }),
      run: (ctx, { path }) => ctx.web.unpublish(path),
    }),
    list: operation({
      needs: ['web'],
      input: z.object({
        prefix: z.string().default(''),
        page: z.strictObject({ limit: z.number(), cursor: z.string() }).optional(),
      }),
      run: (ctx, { prefix, page }) => ctx.web.list(prefix, page),
    }),
    url: operation({
      needs: ['web'],
      input: z.object({ path: z.string() }),
      run: (ctx, { path }) => ctx.web.url(path),
    }),
    route: operation({
      needs: ['web'],
      input: z.object({ pattern: z.string(), scope: scope.optional() }),
      run: (ctx, { pattern, scope: part }) =>
        (part === undefined ? ctx.web : ctx.web.within(part)).route(pattern),
    }),
    deploys: operation({ needs: ['web'], run: (ctx) => ctx.web.deploys() }),
    rollback: operation({
      needs: ['web'],
      input: z.object({ id: z.string() }),
      run: (ctx, { id }) => ctx.web.rollback(id),
    }),
  },
});
