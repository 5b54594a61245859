import type { ExecResult } from '@switchyard/bundle-sdk';
import type { AiSdk } from '../model/load-ai-sdk.ts';
import type { AgentTurn } from './agent-turn.ts';
import { clip, runAsStep } from './run-as-step.ts';

/** Some 2,500 tokens each; what is longer is cut in its middle, and the model told so. */
const MAX_OUTPUT = 8_000;
/** What the page shows of a program, and of its output: history keeps steps with 8,000 characters of data. */
const MAX_SHOWN = 3_000;
const LANGUAGES = ['python', 'javascript', 'shell'] as const;
type Language = (typeof LANGUAGES)[number];

/** By their ends; a page shows pictures and offers the rest. */
const TYPES: Readonly<Record<string, string>> = {
  csv: 'text/csv',
  gif: 'image/gif',
  html: 'text/html',
  jpeg: 'image/jpeg',
  jpg: 'image/jpeg',
  json: 'application/json',
  md: 'text/markdown',
  pdf: 'application/pdf',
  png: 'image/png',
  svg: 'image/svg+xml',
  txt: 'text/plain',
  webp: 'image/webp',
};

/** What code can be written in here. None where it is switched off, or nothing runs it. */
export async function codeLanguages({
  props,
  exec,
}: Pick<AgentTurn, 'props' | 'exec'>): Promise<readonly string[]> {
  if (!props.runCode) return [];
  const offer = await exec.describe();
  return offer?.languages ?? [];
}

interface CodeParts {
  ai: Pick<AiSdk, 'jsonSchema' | 'tool'>;
  turn: Pick<AgentTurn, 'exec' | 'file' | 'step' | 'signal'>;
  languages: readonly string[];
  /** Milliseconds, monotonic. */
  now: () => number;
}

/** Runs a program that the model wrote. The step shows it and what it printed; files that it wrote are files of the turn. */
export function codeTool({ ai, turn, languages, now }: CodeParts, count: () => number) {
  return ai.tool({
    description: `Runs a program in a fresh sandbox and gives what it printed. Languages: ${languages.join(', ')}. Print what you want to know; files written to the working folder go to the user.`,
    inputSchema: ai.jsonSchema<Record<string, unknown>>({
      type: 'object',
      properties: {
        language: { type: 'string', enum: [...languages] },
        code: { type: 'string', description: 'The whole program.' },
      },
      required: ['language', 'code'],
      additionalProperties: false,
    }),
    execute: async ({ language, code }) => {
      // The schema is only told to the model; what it sends is checked here.
      if (typeof code !== 'string') throw new Error('"code" has to be a string');
      if (!isLanguage(language) || !languages.includes(language))
        throw new Error(`"language" has to be one of ${languages.join(', ')}`);
      const name = `run_code-${count()}`;
      const data: Record<string, unknown> = { language, code: code.slice(0, MAX_SHOWN) };
      return runAsStep({ turn, name, title: `Running ${language}`, data, now }, async () => {
        const result = await turn.exec.run({ language, code });
        for (const { path, bytes } of result.files)
          await turn.file({ filename: path.split('/').at(-1) ?? path, mime: typeOf(path), content: bytes });
        const output = tell(result);
        data['output'] = output.slice(0, MAX_SHOWN);
        return { output, done: `Ran ${language}: ${clip(howItEnded(result))}` };
      });
    },
  });
}

function isLanguage(value: unknown): value is Language {
  return LANGUAGES.some((language) => language === value);
}

function howItEnded({ cause, exit_code, signal }: ExecResult): string {
  if (cause === 'timeout') return 'it took too long';
  if (cause === 'memory') return 'it needed too much memory';
  if (cause === 'output') return 'it printed too much';
  return signal === null ? `exit code ${exit_code ?? 'unknown'}` : `ended by ${signal}`;
}

function tell(result: ExecResult): string {
  const { stdout, stderr, files, left_out: leftOut } = result;
  return [
    `(${howItEnded(result)})`,
    stdout === '' ? '' : `Output:\n${cutMiddle(stdout)}`,
    stderr === '' ? '' : `Errors:\n${cutMiddle(stderr)}`,
    files.length === 0 ? '' : `Files that the user got: ${files.map(({ path }) => path).join(', ')}`,
    leftOut.length === 0 ? '' : `Files that did not come along: ${leftOut.join(', ')}`,
  ]
    .filter((part) => part !== '')
    .join('\n');
}

/** The beginning says what it was, the end why it failed. */
function cutMiddle(text: string): string {
  if (text.length <= MAX_OUTPUT) return text;
  const half = MAX_OUTPUT / 2;
  return `${text.slice(0, half)}\n(Cut here: there are ${text.length} characters.)\n${text.slice(-half)}`;
}

function typeOf(path: string): string {
  return TYPES[path.split('.').at(-1)?.toLowerCase() ?? ''] ?? 'application/octet-stream';
}
