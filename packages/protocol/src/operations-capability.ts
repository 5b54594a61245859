import { z } from 'zod';
import { CAPABILITY_LIMITS, read, write } from './capability-method.ts';
import { idSchema } from './id.ts';

/** An operation of another bundle, as a model can be told of it. */
export const offeredOperationSchema = z.object({
  bundle_id: z.string(),
  name: z.string(),
  description: z.string().optional(),
  /** JSON Schema. */
  input: z.record(z.string(), z.unknown()).optional(),
});

const operationName = z.string().min(1).max(128);
const input = z
  .json()
  .refine((value) => JSON.stringify(value).length <= CAPABILITY_LIMITS.maxValueCharacters, {
    message: `larger than ${CAPABILITY_LIMITS.maxValueCharacters} characters`,
  });

/** What a bundle may ask of other bundles. */
export const OPERATIONS_CAPABILITY = {
  operations: {
    summary:
      'Operations of other bundles that say `tool: true`, called as the user for whom the bundle works: what that user may not call is as not there.',
    methods: {
      list: read(
        'Those that the user may call; none where nobody in particular is served.',
        z.tuple([]),
        z.array(offeredOperationSchema),
      ),
      call: write(
        'Calls one. What it returned is `output`; a `Response` of text is its text. Rejects `not_found`, `request.unprocessable` (with the reason), `timeout`, `rate_limit.exceeded` and what the other bundle failed with.',
        z.tuple([idSchema, operationName, input]),
        z.object({ output: z.json() }),
      ),
    },
  },
} as const;
