import { defineBundle } from '@switchyard/bundle-sdk';
import { answerTurn } from './src/answer-turn.ts';

/** Between two words. Reads like writing; a page of 300 words takes three seconds. */
const PACE_MS = 10;

const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, PACE_MS));

export default defineBundle({
  id: 'assistant',
  name: 'Assistant',
  // No language model is connected: the page says so.
  note: 'offline',
  description: 'Answers questions from the documentation, with the passages it used.',
  starters: ['What is a lane?', 'How do I write a bundle?', 'What happens when a worker dies?'],
  capabilities: ['documents'],
  executeCore: (turn) => answerTurn(turn, pause),
});
