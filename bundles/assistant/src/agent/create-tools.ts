import type { OfferedOperation } from '@switchyard/bundle-sdk';
import type { ToolSet } from 'ai';
import type { AiSdk } from '../model/load-ai-sdk.ts';
import type { AgentTurn } from './agent-turn.ts';
import { calculate } from './calculate.ts';
import { codeTool } from './code-tool.ts';
import { operationTools } from './operation-tools.ts';
import { readPage } from './read-page.ts';
import { clip, runAsStep } from './run-as-step.ts';
import type { Sources } from './sources.ts';

const SEARCH_LIMIT = 6;
/** Six of them are 2,500 tokens or so. */
const MAX_PASSAGE = 1_500;

interface ToolParts {
  ai: Pick<AiSdk, 'jsonSchema' | 'tool'>;
  turn: AgentTurn;
  sources: Sources;
  /** The hosts that `read_page` may reach, for the model to know. */
  hosts: readonly string[];
  /** Of other bundles, those that the model may call. */
  operations: readonly OfferedOperation[];
  /** What code can be written in; none: nothing runs it. */
  languages: readonly string[];
  /** Milliseconds, monotonic. */
  now: () => number;
}

interface ToolPlan {
  description: string;
  parameter: string;
  meaning: string;
  /** Of the step that the page shows. */
  title: (input: string) => string;
  run: (input: string) => Promise<{ output: unknown; done: string }>;
}

/** The tools that are switched on. Each call is a step of the turn, with its time. */
export function createTools(parts: ToolParts): ToolSet {
  const { turn } = parts;
  const { searchDocuments, calculator, readPages } = turn.props;
  const plans: Record<string, ToolPlan> = {
    ...(searchDocuments ? { search_documents: searchPlan(parts) } : {}),
    ...(calculator ? { calculator: calculatorPlan() } : {}),
    ...(readPages ? { read_page: pagePlan(parts) } : {}),
  };
  let calls = 0;
  const count = (): number => (calls += 1);
  return {
    ...operationTools(parts, count),
    ...(parts.languages.length > 0 ? { run_code: codeTool(parts, count) } : {}),
    // The own ones win: no bundle may take the name of another tool.
    ...Object.fromEntries(
      Object.entries(plans).map(([name, plan]) => [name, toTool(parts, name, plan, count)]),
    ),
  };
}

function toTool({ ai, turn, now }: ToolParts, name: string, plan: ToolPlan, count: () => number) {
  const { description, parameter, meaning } = plan;
  return ai.tool({
    description,
    inputSchema: ai.jsonSchema<Record<string, unknown>>({
      type: 'object',
      properties: { [parameter]: { type: 'string', description: meaning } },
      required: [parameter],
      additionalProperties: false,
    }),
    execute: async (given) => {
      const input = given[parameter];
      // The schema is only told to the model; what it sends is checked here.
      if (typeof input !== 'string') throw new Error(`"${parameter}" has to be a string`);
      const step = `${name}-${count()}`;
      const title = plan.title(clip(input));
      const data = { [parameter]: clip(input) };
      return runAsStep({ turn, name: step, title, data, now }, () => plan.run(input));
    },
  });
}

function searchPlan({ turn, sources }: ToolParts): ToolPlan {
  return {
    description:
      'Full-text search in the documents of this installation. Each passage comes with the number to cite it by.',
    parameter: 'query',
    meaning: 'The words that matter, without a sentence around them.',
    title: (query) => `Searching the documents for “${query}”`,
    async run(query) {
      const { collection } = turn.props;
      const found = await turn.documents.search(query.slice(0, 500), { limit: SEARCH_LIMIT, collection });
      const passages = found.map((passage) => ({
        number: sources.numberOf(passage),
        page: passage.title,
        heading: passage.heading ?? '',
        text: passage.text.slice(0, MAX_PASSAGE),
      }));
      // Before the answer, so that a number can be opened as soon as it appears.
      if (passages.length > 0) await turn.citations(sources.citations);
      const done = `Found ${passages.length} ${passages.length === 1 ? 'passage' : 'passages'} for “${clip(query)}”`;
      return { output: passages.length === 0 ? 'Nothing was found. Other words may help.' : passages, done };
    },
  };
}

function calculatorPlan(): ToolPlan {
  return {
    description:
      'Calculates: + - * / % ^, parentheses, sqrt, ln, log, sin, round, min, max and the like, pi, e.',
    parameter: 'expression',
    meaning: 'As 2 * (3 + 4) ^ 2',
    title: (expression) => `Calculating ${expression}`,
    async run(expression) {
      const value = calculate(expression);
      return { output: String(value), done: `${clip(expression)} = ${value}` };
    },
  };
}

function pagePlan({ turn, hosts }: ToolParts): ToolPlan {
  return {
    description: `Reads the text of a page. Only these hosts can be reached: ${hosts.join(', ')}.`,
    parameter: 'url',
    meaning: 'With https://',
    title: (url) => `Reading ${url}`,
    async run(url) {
      const text = await readPage(turn.http, url, turn.signal);
      return { output: text, done: `Read ${clip(url)}` };
    },
  };
}
