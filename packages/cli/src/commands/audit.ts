import { textOption } from '../command-spec.ts';
import type { CommandSpec } from '../command-spec.ts';
import { UsageError } from '../exit-codes.ts';
import { formatTable } from '../output.ts';
import type { Output } from '../output.ts';

interface Entry {
  readonly audit_id: number;
  readonly at: string;
  readonly actor_id: string;
  readonly action: string;
  readonly target: string;
  readonly outcome: 'started' | 'done' | 'refused';
  readonly address: string | null;
}

interface Page {
  readonly items: readonly Entry[];
  readonly next_before: number | null;
}

const PAGE = 200;

export const audit: CommandSpec = {
  name: 'audit',
  summary: 'Show what admins changed, and which bundle read which secret',
  details:
    'Newest first: when, who, what, on what, what came of it, from where. With --json also before and after.',
  options: [
    { flags: '--actor <id>', description: 'of this user, or of bundle:<id>' },
    { flags: '--action <name>', description: 'this action, or with a * at its end what begins so: secret.*' },
    { flags: '--target <id>', description: 'on this bundle, worker, user or secret' },
    { flags: '--outcome <outcome>', description: 'what came of it', choices: ['started', 'done', 'refused'] },
    { flags: '--since <time>', description: 'from this date or time on: 2026-01-31, 2026-01-31T10:00:00Z' },
    { flags: '--until <time>', description: 'before this date or time' },
    { flags: '--limit <count>', description: 'so many at most; 50 when it is not given' },
  ],
  examples: [
    ['audit', 'the last fifty entries'],
    ['audit --action "secret.*" --since 2026-01-31', 'who read which secret since then'],
    ['audit --actor ada --limit 1000 --json', 'one JSON line for each entry, with before and after'],
  ],
  async run({ options, output, server }) {
    const limit = Number(textOption(options, 'limit') ?? 50);
    if (!Number.isInteger(limit) || limit < 1)
      throw new UsageError('--limit takes a whole number above zero.');
    const filter = {
      actor_id: textOption(options, 'actor'),
      action: textOption(options, 'action'),
      target: textOption(options, 'target'),
      outcome: textOption(options, 'outcome'),
      since: textOption(options, 'since'),
      until: textOption(options, 'until'),
    };
    const at = await server();
    const entries: Entry[] = [];
    for (let before: number | null | undefined; before !== null && entries.length < limit;) {
      const query = { ...filter, before, limit: Math.min(PAGE, limit - entries.length) };
      const page: Page = await at.json<Page>('/admin/audit', { query });
      entries.push(...page.items);
      before = page.next_before;
    }
    if (output.isJson) for (const entry of entries) output.result(entry, '');
    else output.result(entries, () => formatTable(entries.map((entry) => cellsOf(entry, output))));
  },
};

function cellsOf({ at, actor_id, action, target, outcome, address }: Entry, { paints }: Output): string[] {
  const paint = outcome === 'refused' ? paints.red : outcome === 'started' ? paints.yellow : paints.green;
  return [at, actor_id, action, target, paint(outcome), address ?? ''];
}
