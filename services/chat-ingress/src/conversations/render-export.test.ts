import type { ConversationDetails } from '@switchyard/protocol';
import { expect, it } from 'vitest';
import { exportFilename, renderMarkdown } from './render-export.ts';

const conversation: ConversationDetails = {
  user_id: 'u',
  conversation_id: 'c-1',
  title: 'Äpfel & Birnen\n',
  bundle_id: 'assistant',
  state: 'idle',
  started_at: '2026-01-05T10:00:00.000000Z',
  last_activity_at: '2026-01-05T10:00:00.000000Z',
  current_turn_id: null,
  last_log_id: '1-1',
  turns: [
    {
      turn_id: 't',
      status: 'completed',
      created_at: '',
      started_at: null,
      ended_at: null,
      folded_into: null,
      feedback: null,
      artifacts: [
        { type: 'chat:user', ts: 'T1', data: { text: 'What?' } },
        { type: 'artifact:user.attachment', ts: 'T1', data: { text: 'a.pdf' } },
        { type: 'artifact:conv.steps', ts: 'T2', data: { text: '' } },
        { type: 'chat:assistant', ts: 'T2', data: { text: 'That [1].' } },
        {
          type: 'artifact:solver.program.citables',
          ts: 'T2',
          data: { payload: { items: [{ id: 1, title: 'Doc', path: 'docs/a.md' }] } },
        },
      ],
    },
  ],
};

it('renders who said what, with sources', () => {
  expect(renderMarkdown(conversation)).toBe(
    '# Äpfel & Birnen\n\n2026-01-05T10:00:00.000000Z · assistant · c-1\n\n## You · T1\n\nWhat?\n\n*Attached: a.pdf*\n\n## Answer · T2\n\nThat [1].\n\n- [1] Doc docs/a.md\n',
  );
});

it('names the file after the title, safely', () => {
  expect([
    exportFilename(conversation, 'md'),
    exportFilename({ ...conversation, title: null }, 'json'),
  ]).toEqual(['A-pfel-Birnen.md', 'c-1.json']);
});
