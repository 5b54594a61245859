import { randomUUID } from 'node:crypto';
import { defineBundle, job, operation, schedule, z } from '@switchyard/bundle-sdk';
import type { Kv, Notifier } from '@switchyard/bundle-sdk';
import { answerQuestion, cardToAdd } from './src/answer-question.ts';
import { createBoard, nameOf } from './src/board.ts';
import { Conflict } from './src/board-store.ts';
import {
  cardChangeSchema,
  cardSchema,
  cardTextSchema,
  changeSchema,
  columnSchema,
  matches,
} from './src/card.ts';
import type { Card } from './src/card.ts';
import { writeDigest } from './src/digest.ts';

const now = (): number => Date.now();
const newId = (): string => randomUUID();
const DAY_MS = 24 * 3600 * 1000;
const HISTORY_IN_DIGEST = 50;

const boardOf = (ctx: { kv: Kv } & Partial<Notifier>, by: string) =>
  createBoard({ kv: ctx.kv, now, newId, by, notify: ctx.notify ?? (async () => undefined) });

const props = z.object({
  archive_done_after_days: z.number().int().min(1).max(365).default(14),
});

/** What a change gives back: the card, or, when another change came before, the card as it is now. */
const changedSchema = z.object({ card: cardSchema, is_conflict: z.boolean() });

async function orConflict(change: Promise<Card>): Promise<z.input<typeof changedSchema>> {
  try {
    return { card: await change, is_conflict: false };
  } catch (error) {
    if (error instanceof Conflict) return { card: error.current, is_conflict: true };
    throw error;
  }
}

const seen = z.object({ id: z.string().max(64), version: z.number().int() });

const digest = job({
  data: z.object({ by: z.string() }),
  attempts: 3,
  backoff: { kind: 'exponential', delayMs: 2_000 },
  needs: ['kv', 'storage'],
  async run(ctx, { by }) {
    const { store } = boardOf(ctx, by);
    const at = new Date(now()).toISOString();
    const text = writeDigest(await store.cards(), await store.history(HISTORY_IN_DIGEST), at);
    await ctx.storage.write('digest.md', text, { mime: 'text/markdown' });
    await ctx.notify('project', 'workboard.digest', { at, by });
  },
});

export default defineBundle({
  id: 'workboard',
  name: 'Workboard',
  description: 'A shared board: cards in columns, with search and history, live for everybody.',
  starters: ['What is open?', 'What is done?', 'Add: Write the release notes'],
  props,
  capabilities: ['kv', 'storage'],
  jobs: { digest },
  widgets: {
    board: {
      title: 'Board',
      icon: 'square-kanban',
      folder: 'widgets/board',
      build: 'vite',
      allow: 'registered',
    },
  },

  async executeCore(turn) {
    const title = cardToAdd(turn.message);
    const board = boardOf(turn, nameOf(turn.user));
    if (title !== undefined) {
      const card = await board.add({ ...cardTextSchema.parse({ title }), column: 'todo' });
      await turn.delta(`Added **${card.title}** to the board.`);
      return { followups: ['What is open?'] };
    }
    await turn.delta(answerQuestion(turn.message, await board.store.cards(), nameOf(turn.user)));
    return { followups: ['What is open?', 'What is done?', 'Which are mine?'] };
  },

  operations: {
    board: operation({
      description: 'The cards of the board that are not archived.',
      method: 'GET',
      output: z.object({ cards: z.array(cardSchema) }),
      allow: 'registered',
      tool: true,
      needs: ['kv'],
      run: async (ctx) => {
        const cards = await boardOf(ctx, nameOf(ctx.user)).store.cards();
        return { cards: cards.filter(({ archived }) => !archived) };
      },
    }),
    search: operation({
      description: 'Cards that have all words of a query, archived ones among them.',
      method: 'GET',
      input: z.object({ q: z.string().min(1).max(200) }),
      output: z.object({ cards: z.array(cardSchema) }),
      allow: 'registered',
      tool: true,
      needs: ['kv'],
      run: async (ctx, { q }) => {
        const cards = await boardOf(ctx, nameOf(ctx.user)).store.cards();
        return { cards: cards.filter((card) => matches(card, q)).slice(0, 100) };
      },
    }),
    add: operation({
      description: 'Adds a card to the end of a column.',
      input: cardTextSchema.extend({ column: columnSchema.default('todo') }),
      output: cardSchema,
      allow: 'registered',
      tool: true,
      needs: ['kv'],
      run: (ctx, card) => boardOf(ctx, nameOf(ctx.user)).add(card),
    }),
    edit: operation({
      description: 'Changes the text of a card, over the version that the caller saw.',
      input: seen.extend({ changes: cardChangeSchema }),
      output: changedSchema,
      allow: 'registered',
      needs: ['kv'],
      run: (ctx, { id, version, changes }) =>
        orConflict(boardOf(ctx, nameOf(ctx.user)).edit(id, version, changes)),
    }),
    move: operation({
      description: 'Moves a card to the end of a column, or before another card of it.',
      input: seen.extend({ column: columnSchema, before: z.string().max(64).optional() }),
      output: changedSchema,
      allow: 'registered',
      needs: ['kv'],
      run: (ctx, { id, version, column, before }) =>
        orConflict(boardOf(ctx, nameOf(ctx.user)).move(id, version, column, before)),
    }),
    archive: operation({
      description: 'Archives a card, or brings it back.',
      input: seen.extend({ archived: z.boolean().default(true) }),
      output: changedSchema,
      allow: 'registered',
      needs: ['kv'],
      run: (ctx, { id, version, archived }) =>
        orConflict(boardOf(ctx, nameOf(ctx.user)).archive(id, version, archived)),
    }),
    history: operation({
      description: 'What happened on the board, newest first.',
      method: 'GET',
      output: z.object({ changes: z.array(changeSchema) }),
      allow: 'registered',
      needs: ['kv'],
      run: async (ctx) => ({ changes: await boardOf(ctx, nameOf(ctx.user)).store.history(50) }),
    }),
    makeDigest: operation({
      description: 'Has the board written up as a file; viewers are told when it is there.',
      output: z.object({ job_id: z.string() }),
      allow: 'registered',
      needs: ['kv'],
      jobs: { digest },
      run: async (ctx) => {
        const minute = new Date(now()).toISOString().slice(0, 16);
        const { job_id } = await ctx.jobs.add(
          'digest',
          { by: nameOf(ctx.user) },
          { idempotencyKey: `digest-${minute}` },
        );
        return { job_id };
      },
    }),
    digest: operation({
      description: 'The last write-up of the board, as markdown.',
      method: 'GET',
      allow: 'registered',
      needs: ['storage'],
      run: async (ctx) => {
        const text = await ctx.storage.readText('digest.md');
        return new Response(text ?? 'There is none yet.', {
          status: text === null ? 404 : 200,
          headers: { 'content-type': 'text/markdown; charset=utf-8' },
        });
      },
    }),
  },

  schedules: {
    tidy: schedule({
      cron: '0 3 * * *',
      timezone: 'Europe/Berlin',
      retry: true,
      props,
      needs: ['kv'],
      async run(ctx) {
        const board = boardOf(ctx, 'Workboard');
        const before = now() - ctx.props.archive_done_after_days * DAY_MS;
        for (const { id, version, done_at, archived } of await board.store.cards()) {
          if (archived || done_at === null || Date.parse(done_at) > before) continue;
          // Somebody touched it a moment ago: then it is for the next night.
          await orConflict(board.archive(id, version, true));
        }
      },
    }),
  },
});
