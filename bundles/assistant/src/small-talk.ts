import type { QuestionKind } from './question.ts';

export interface DirectAnswer {
  markdown: string;
  followups: string[];
}

const STARTERS = ['What is a lane?', 'How do I write a bundle?', 'What happens when a worker dies?'];

const OFFLINE =
  'I am in **offline mode**: no language model is connected. I search the documentation and quote what it says, with sources.';

/** Answers that need no search. `undefined` for a real question. */
export function directAnswer(kind: QuestionKind, name: string | undefined): DirectAnswer | undefined {
  const greeting = name === undefined ? 'Hello!' : `Hello, ${name}!`;
  switch (kind) {
    case 'greeting':
      return { markdown: `${greeting} Ask me anything about Switchyard.\n\n${OFFLINE}`, followups: STARTERS };
    case 'about':
      return {
        markdown: [
          'I am the assistant of this Switchyard.',
          OFFLINE,
          [
            'What I can do:',
            '',
            '- answer questions about installing, running and extending Switchyard',
            '- quote the passage I rely on; every `[1]` leads to the page it comes from',
            '- follow a conversation: a short “and after?” is read together with the question before it',
            '- take another question while I am still answering; it gets its own section',
          ].join('\n'),
          'What I cannot do: invent. Where the documentation is silent, I say so.',
        ].join('\n\n'),
        followups: STARTERS,
      };
    case 'thanks':
      return { markdown: 'You are welcome. Ask on whenever you like.', followups: [] };
    case 'empty':
      return {
        markdown: 'Your message has no words that I could search for. Ask me something about Switchyard.',
        followups: STARTERS,
      };
    case 'question':
      return undefined;
  }
}
