import { defineBundle, httpHosts } from '@switchyard/bundle-sdk';
import { agentProps } from './src/agent/agent-props.ts';
import { answerWithModel } from './src/agent/answer-with-model.ts';
import { answerTurn } from './src/answer-turn.ts';
import { connectModel } from './src/model/connect-model.ts';

/** Between two words. Reads like writing; a page of 300 words takes three seconds. */
const PACE_MS = 10;
/** What the tool `read_page` may reach, where it is switched on. */
const PAGE_HOSTS = [
  '*.wikipedia.org',
  'developer.mozilla.org',
  'nodejs.org',
  'raw.githubusercontent.com',
] as const;

const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, PACE_MS));

export default defineBundle({
  id: 'assistant',
  name: 'Assistant',
  // No language model is connected: the page says so.
  note: 'offline',
  description: 'Answers questions from the documentation, with the passages it used.',
  starters: ['What is a lane?', 'How do I write a bundle?', 'What happens when a worker dies?'],
  props: agentProps,
  capabilities: ['documents', 'model', 'operations', 'exec', httpHosts(...PAGE_HOSTS)],
  async executeCore(turn) {
    const connected = await connectModel(turn.model);
    if (connected === undefined) return answerTurn(turn, pause);
    return answerWithModel(turn, { connected, hosts: PAGE_HOSTS, now: () => performance.now() });
  },
});
