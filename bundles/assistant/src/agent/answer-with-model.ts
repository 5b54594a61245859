import type { ContinuationItem, OfferedOperation } from '@switchyard/bundle-sdk';
import type { ModelMessage, ToolSet } from 'ai';
import type { ConnectedModel } from '../model/connect-model.ts';
import type { ModelFailure } from '../model/model-failure.ts';
import type { AgentTurn } from './agent-turn.ts';
import { createTools } from './create-tools.ts';
import { fitContext } from './fit-context.ts';
import { instructionsFor } from './instructions.ts';
import { codeLanguages } from './code-tool.ts';
import { allowedOperations } from './operation-tools.ts';
import { runStep } from './run-step.ts';
import type { StepEnd } from './run-step.ts';
import { Sources } from './sources.ts';

export interface AgentParts {
  connected: ConnectedModel;
  /** The hosts that pages may be read of. */
  hosts: readonly string[];
  /** Milliseconds, monotonic. */
  now: () => number;
}

export interface AgentAnswer {
  followups: string[];
  /** Set when the model failed; the answer says it in words. */
  model_error?: ModelFailure['errorType'];
  [key: string]: unknown;
}

/** Words for ends that the reader could not tell from a whole answer. */
const CUT_ENDS: Readonly<Record<string, string>> = {
  length: '*The answer was cut: it reached the limit of its length.*',
  'content-filter': '*The language model ended its answer: its provider allows no more on this.*',
};

/**
 * Lets the model answer, step by step: a model call, the tools that it asked for, and what the user wrote meanwhile. Every message gets
 * `maxSteps` calls; the last has no tools, so that it answers. A steer without text ends the answer after the step that runs.
 */
export async function answerWithModel(turn: AgentTurn, parts: AgentParts): Promise<AgentAnswer> {
  const [operations, languages] = await Promise.all([allowedOperations(turn), codeLanguages(turn)]);
  const run = new AgentRun(turn, parts, { operations, languages });
  return run.toEnd();
}

/** What the platform has for this user. */
interface Offered {
  operations: readonly OfferedOperation[];
  languages: readonly string[];
}

class AgentRun {
  readonly #turn: AgentTurn;
  readonly #parts: AgentParts;
  readonly #sources = new Sources();
  readonly #tools: ToolSet;
  readonly #messages: ModelMessage[];
  readonly #turnStart: number;
  #answer = '';

  constructor(turn: AgentTurn, parts: AgentParts, offered: Offered) {
    const { connected, hosts, now } = parts;
    this.#turn = turn;
    this.#parts = parts;
    this.#tools = createTools({ ai: connected.ai, turn, sources: this.#sources, hosts, now, ...offered });
    const history = turn.history().flatMap(({ user, assistant }): ModelMessage[] => [
      { role: 'user', content: user },
      // Providers refuse empty messages.
      ...(assistant === '' ? [] : [{ role: 'assistant' as const, content: assistant }]),
    ]);
    this.#turnStart = history.length;
    this.#messages = [...history, { role: 'user', content: messageOf(turn) }];
  }

  async toEnd(): Promise<AgentAnswer> {
    let left = this.#turn.props.maxSteps;
    for (let number = 1; ; number += 1) {
      left -= 1;
      const end = await this.#step(number, left === 0);
      if (end.failure !== undefined) return this.#fail(end.failure);
      this.#messages.push(...end.messages);
      const isOver = left === 0 || !end.hasCalledTools;
      const notice = CUT_ENDS[end.finishReason];
      if (isOver && notice !== undefined) await this.#say(`\n\n${notice}`);
      const taken = await this.#takeMessages();
      if (taken.isStopped) return this.#finish();
      if (taken.messages.length === 0 && isOver) return this.#finish();
      if (taken.messages.length === 0) continue;
      left = this.#turn.props.maxSteps;
      if (isOver) await this.#say(headingOf(taken.messages));
      this.#messages.push(
        ...taken.messages.map(({ message }) => ({ role: 'user' as const, content: message })),
      );
    }
  }

  async #step(number: number, isLast: boolean): Promise<StepEnd> {
    const { props } = this.#turn;
    return runStep({
      ...this.#parts,
      turn: this.#turn,
      number,
      tools: isLast ? {} : this.#tools,
      instructions: instructionsFor(this.#turn, isLast ? [] : Object.keys(this.#tools)),
      messages: fitContext(this.#messages, this.#turnStart, props.contextTokens),
      hasAnswered: this.#answer !== '',
      say: (text) => this.#say(text),
    });
  }

  async #say(text: string): Promise<void> {
    this.#answer += text;
    await this.#turn.delta(text);
  }

  /** All that waits; a steer without text says stop, and what came after it becomes a turn of its own. */
  async #takeMessages(): Promise<{ messages: ContinuationItem[]; isStopped: boolean }> {
    const messages: ContinuationItem[] = [];
    for (;;) {
      const next = await this.#turn.takeNextContinuation();
      if (next === null) return { messages, isStopped: false };
      if (next.message.trim() !== '') messages.push(next);
      else if (next.kind === 'steer') return { messages, isStopped: true };
    }
  }

  async #finish(): Promise<AgentAnswer> {
    const cited = this.#sources.citedIn(this.#answer);
    if (cited.length !== this.#sources.citations.length) await this.#turn.citations(cited);
    return { followups: this.#sources.followupsAfter(this.#answer) };
  }

  async #fail({ errorType, text }: ModelFailure): Promise<AgentAnswer> {
    await this.#say(`${this.#answer === '' ? '' : '\n\n'}**${text}**`);
    return { followups: [], model_error: errorType };
  }
}

function messageOf({ message, attachments }: AgentTurn): string {
  if (attachments.length === 0) return message;
  const names = attachments.map(({ filename }) => filename).join(', ');
  return `${message}\n\n(Attached, but not readable for you: ${names})`;
}

function headingOf(messages: readonly ContinuationItem[]): string {
  const line = (messages[0]?.message ?? '')
    .replaceAll(/\s+/gu, ' ')
    .replaceAll(/[[\]<>`]/gu, '')
    .trim();
  return `\n\n---\n\n### ${line.length <= 120 ? line : `${line.slice(0, 120)} …`}\n\n`;
}
