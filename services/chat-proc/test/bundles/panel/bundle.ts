// oxlint-disable import/no-default-export -- the default export is what a host loads
import { defineBundle, operation, z } from '@switchyard/bundle-sdk';

/** Replaced by tests that register a further version. */
const VERSION = 'first';

/** A bundle with pages of every kind. */
export default defineBundle({
  id: 'panel',
  name: `Panel ${VERSION}`,
  static: { folder: 'public', route: 'public' },
  widgets: {
    plain: { title: 'Plain', folder: 'plain', allow: 'registered' },
    built: { title: 'Built', folder: 'built', build: 'vite' },
    open: { title: 'Open', folder: 'plain', route: 'public' },
    staff: { title: 'Staff', folder: 'plain', roles: ['staff'] },
  },
  operations: {
    who: operation({ run: (ctx, input) => ({ user: ctx.user.user_id, input }) }),
    seek: operation({
      method: 'GET',
      input: z.looseObject({ q: z.string() }),
      run: (_ctx, input) => input,
    }),
  },
});
