import { ARTIFACT_TYPES, citationSchema } from '@switchyard/protocol';
import type { ConversationDetails, ConversationTurn } from '@switchyard/protocol';
import { z } from 'zod';

const citationsSchema = z.object({ items: z.array(citationSchema.loose()) });

/** The conversation as a Markdown document: who said what, with sources. */
export function renderMarkdown(conversation: ConversationDetails): string {
  const head = [
    `# ${oneLine(conversation.title ?? 'Conversation')}`,
    `${conversation.started_at} · ${conversation.bundle_id} · ${conversation.conversation_id}`,
  ];
  return `${[...head, ...conversation.turns.flatMap(renderTurn)].join('\n\n')}\n`;
}

/** Safe in a header and on every file system. */
export function exportFilename(conversation: ConversationDetails, format: 'md' | 'json'): string {
  const name = (conversation.title ?? '')
    .normalize('NFKD')
    .replace(/[^A-Za-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 60);
  return `${name === '' ? conversation.conversation_id : name}.${format}`;
}

function renderTurn(turn: ConversationTurn): string[] {
  const parts: string[] = [];
  for (const { type, ts, data } of turn.artifacts) {
    const text = typeof data?.['text'] === 'string' ? data['text'] : '';
    if (type === ARTIFACT_TYPES.user) parts.push(`## You · ${ts}`, text);
    else if (type === ARTIFACT_TYPES.userAttachment) parts.push(`*Attached: ${oneLine(text)}*`);
    else if (type === ARTIFACT_TYPES.assistant && text !== '') parts.push(`## Answer · ${ts}`, text);
    else if (type === ARTIFACT_TYPES.citations) parts.push(renderCitations(data?.['payload']));
    else if (type === ARTIFACT_TYPES.error) parts.push(`*${oneLine(text)}*`);
  }
  return parts.filter((part) => part !== '');
}

function renderCitations(payload: unknown): string {
  const { data } = citationsSchema.safeParse(payload);
  const items = data?.items ?? [];
  return items
    .map(({ id, title, path, url }) => `- [${id}] ${oneLine(title)} ${url ?? path ?? ''}`.trim())
    .join('\n');
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}
