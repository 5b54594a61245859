import { expect, test } from 'vitest';
import { plainMessageSchema, submissionSchema } from './submission.ts';
import { describeIssues } from './error-body.ts';

const prompt = {
  event_id: 'c3a1',
  type: 'event.user.prompt',
  payload: { mime: 'text/plain', event: { text: 'Hello' } },
};

test('the example of the wire contract is accepted', () => {
  const parsed = submissionSchema.parse({
    external_events: [prompt],
    conversation_id: 'c-123',
    bundle_id: 'assistant',
    target_turn_id: null,
  });
  expect(parsed.external_events[0]).toMatchObject({ reactive: true, event_id: 'c3a1' });
});

test('scope, ids and commands in a body are dropped', () => {
  const parsed = submissionSchema.parse({
    external_events: [prompt],
    tenant: 'evil',
    project: 'evil',
    turn_id: 't',
    operation: 'x',
    command: 'y',
  });
  expect(Object.keys(parsed)).toEqual(['external_events']);
});

test('ids that could leave a key are refused, and the answer names the field', () => {
  for (const id of ['', 'a b', 'a:b', '{x}', '../x', 'é', 'x'.repeat(129)]) {
    const parsed = submissionSchema.safeParse({ external_events: [prompt], conversation_id: id });
    expect([id, parsed.success]).toEqual([id, false]);
    if (!parsed.success) expect(describeIssues(parsed.error)).toContain('conversation_id:');
  }
});

test('a submission without events and a plain message without text are refused', () => {
  expect(submissionSchema.safeParse({ external_events: [] }).success).toBe(false);
  expect(plainMessageSchema.safeParse({ message: '' }).success).toBe(false);
});
