import { z } from 'zod';

/** Every error answer (03 §1). */
export const errorBodySchema = z.object({
  detail: z.union([
    z.string(),
    z.looseObject({
      error: z.string(),
      error_type: z.string(),
      request_id: z.string().optional(),
      retry_after: z.number().optional(),
      reason: z.string().optional(),
    }),
  ]),
});
export type ErrorDetail = z.output<typeof errorBodySchema>['detail'];

/** What is wrong with an input, as one sentence that names the field: `external_events.0.type: expected string`. */
export function describeIssues(error: z.ZodError): string {
  return error.issues
    .slice(0, 5)
    .map((issue) => `${issue.path.map(String).join('.') || 'body'}: ${issue.message}`)
    .join('; ');
}
