import { z } from '@switchyard/bundle-sdk';

/** What an admin can set on the agent. Nothing of it matters without a model. */
export const agentProps = z.object({
  systemPrompt: z
    .string()
    .max(20_000)
    .default('')
    .describe('Said to the model before every conversation, after what the assistant itself has to say.'),
  temperature: z
    .number()
    .min(0)
    .max(2)
    .nullable()
    .default(null)
    .describe(
      'How freely the model chooses its words. Empty: as the provider does; some models allow nothing else.',
    ),
  maxSteps: z
    .int()
    .min(1)
    .max(20)
    .default(6)
    .describe('Model calls for one message; the last one has to answer without tools.'),
  maxAnswerTokens: z
    .int()
    .min(64)
    .max(64_000)
    .default(4_000)
    .describe('Tokens that one model call may write.'),
  contextTokens: z
    .int()
    .min(2_000)
    .max(1_000_000)
    .default(24_000)
    .describe('Tokens of conversation that one model call is given; older exchanges are left out.'),
  collection: z
    .string()
    .min(1)
    .max(128)
    .default('docs')
    .describe('The collection of documents that is searched.'),
  searchDocuments: z.boolean().default(true).describe('The model may search the documents.'),
  calculator: z.boolean().default(true).describe('The model may calculate.'),
  runCode: z
    .boolean()
    .default(true)
    .describe(
      'The model may run programs that it writes, in a sandbox without network. Without a service for it there is no such tool.',
    ),
  operations: z
    .array(z.string().regex(/^[A-Za-z0-9][\w.@-]*\.(\*|[A-Za-z_]\w*)$/u))
    .max(50)
    .default([])
    .describe(
      'Operations of other bundles that the model may call as the user: `workboard.add`, or `workboard.*` for all that are offered. What it has read can talk it into calling them: name nothing that a user must not lose.',
    ),
  readPages: z
    .boolean()
    .default(false)
    .describe(
      'The model may read pages of the hosts that the bundle names. Addresses it chooses can carry what was said.',
    ),
});

export type AgentProps = z.output<typeof agentProps>;
