import { z } from 'zod';
import { CAPABILITY_LIMITS, path, read, write } from './capability-method.ts';
import { byteStreamSchema, bytesSchema } from './wire-http.ts';

const LIMITS = CAPABILITY_LIMITS;

/** What a generated program may be written in. */
export const EXEC_LANGUAGES = ['python', 'javascript', 'shell'] as const;
export type ExecLanguage = (typeof EXEC_LANGUAGES)[number];

/** Why a program ended: by itself, or because it reached a limit. */
export const EXEC_CAUSES = ['exit', 'timeout', 'memory', 'output'] as const;
export type ExecCause = (typeof EXEC_CAUSES)[number];

const MAX_FILES = 50;
const MAX_TIMEOUT_MS = 600_000;
const MIN_MEMORY_MB = 32;
const MAX_MEMORY_MB = 65_536;
const MAX_ARGUMENTS = 64;

/** What bundle, chat-proc and the service agree on, but for the bytes of files. */
const programParts = {
  language: z.enum(EXEC_LANGUAGES),
  /** Becomes `main.py`, `main.js` or `main.sh` in the folder of the run. */
  code: z.string().max(LIMITS.maxCodeCharacters).optional(),
  /** In place of running that file; found on the PATH of the sandbox, without a shell. */
  command: z
    .array(z.string().max(LIMITS.maxValueCharacters).refine(hasNoNul, { message: 'holds a NUL' }))
    .min(1)
    .max(MAX_ARGUMENTS)
    .optional(),
  stdin: z.string().max(LIMITS.maxValueCharacters).optional(),
};
const isWhole = ({ code, command }: { code?: string | undefined; command?: string[] | undefined }): boolean =>
  code !== undefined || command !== undefined;
const WHOLE = { message: 'neither code nor a command' };
const programFile = z.strictObject({
  path,
  bytes: bytesSchema.refine((bytes) => bytes.byteLength <= LIMITS.maxFileBytes, {
    message: `larger than ${LIMITS.maxFileBytes} bytes`,
  }),
});
/** Looked at by two passes that keep nothing: a pattern for the whole would need a stack for a text of 30 MB. */
const base64 = z
  .string()
  .refine((text) => text.length % 4 === 0 && !/[^A-Za-z0-9+/=]/u.test(text), { message: 'no base64' });
const timeoutMs = z.number().int().min(1).max(MAX_TIMEOUT_MS);
const memoryMb = z.number().int().min(MIN_MEMORY_MB).max(MAX_MEMORY_MB);

const programSchema = z
  .strictObject({
    ...programParts,
    timeoutMs: timeoutMs.default(30_000),
    memoryMb: memoryMb.optional(),
    files: z.array(programFile).max(MAX_FILES).default([]),
  })
  .refine(isWhole, WHOLE);

const endParts = {
  exit_code: z.number().int().nullable(),
  /** As `SIGSEGV`, where one ended it. */
  signal: z.string().nullable().default(null),
  cause: z.enum(EXEC_CAUSES).default('exit'),
  /** Of what it left, files that do not come along: too many, too large, or no plain files. */
  left_out: z.array(z.string()).default([]),
};

const resultSchema = z.object({
  ...endParts,
  stdout: z.string(),
  stderr: z.string(),
  timed_out: z.boolean(),
  /** New and changed ones, by their paths. */
  files: z.array(z.object({ path: z.string(), bytes: bytesSchema })),
});

/** How code is run here. */
export const execOfferSchema = z.object({
  languages: z.array(z.enum(EXEC_LANGUAGES)),
  timeout_ms: z.number().int(),
  memory_mb: z.number().int(),
  output_bytes: z.number().int(),
  file_bytes: z.number().int(),
  files: z.number().int(),
});
export type ExecOffer = z.output<typeof execOfferSchema>;

/** Body of `POST /runs` at the service. */
export const runRequestSchema = z
  .strictObject({
    ...programParts,
    files: z
      .array(z.strictObject({ path, content: base64 }))
      .max(MAX_FILES)
      .default([]),
    limits: z.strictObject({ timeout_ms: timeoutMs.optional(), memory_mb: memoryMb.optional() }).default({}),
  })
  .refine(isWhole, WHOLE);
export type RunRequest = z.output<typeof runRequestSchema>;

/** A line of what a run answers, each a JSON text; empty lines say that it is still there. `end` is the last one. */
export const runEventSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('started'), backend: z.string() }),
  z.object({ type: z.literal('output'), stream: z.enum(['stdout', 'stderr']), text: z.string() }),
  z.object({ type: z.literal('file'), path: z.string(), content: base64 }),
  z.object({ type: z.literal('end'), ...endParts, ms: z.number() }),
]);
export type RunEvent = z.output<typeof runEventSchema>;

/** What a bundle may ask of the service that runs code. */
export const EXEC_CAPABILITY = {
  exec: {
    summary:
      'Runs generated code, each time in a fresh sandbox without network. What is asked for beyond the operator’s limits gets the operator’s.',
    methods: {
      describe: read(
        'What code can be written in, and the limits; null where nothing runs code.',
        z.tuple([]),
        execOfferSchema.nullable(),
      ),
      run: write('Runs one program to its end.', z.tuple([programSchema]), resultSchema),
      stream: write(
        'The same, told while it runs: lines of JSON with `type` `started`, `output`, `file` and at last `end`.',
        z.tuple([programSchema]),
        z.object({ events: byteStreamSchema }),
      ),
    },
  },
} as const;

function hasNoNul(text: string): boolean {
  return !text.includes('\0');
}
