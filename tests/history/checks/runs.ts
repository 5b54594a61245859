import type { CheckOptions } from '../check-options.ts';
import type { HistoryIndex } from '../history-index.ts';
import type { RowView } from '../store-view.ts';

/** The first line of a turn comes once at most; what is completed did run; what was taken was taken once. */
export function checkRuns(index: HistoryIndex, { mayRunAgain = () => false }: CheckOptions): string[] {
  const found: string[] = [];
  for (const [turn, lines] of index.runs) {
    const begins = lines.filter(({ step }) => step === 'begin').length;
    if (begins > 1 && !mayRunAgain(turn)) found.push(`${turn} began ${begins} times`);
    if (begins === 0) found.push(`${turn} went on without having begun`);
  }
  const journaled = new Set(index.journal.map(({ conversation }) => conversation));
  const rows = index.stores.rows.filter((row) => journaled.has(row.conversation));
  return [...found, ...rows.flatMap((row) => checkRow(index, row)), ...checkTaken(index, rows)];
}

function checkRow({ runs }: HistoryIndex, { turn, status, kind }: RowView): string[] {
  const hasRun = runs.has(turn);
  if (kind !== 'message') return hasRun ? [`${turn} is a ${kind} and ran as a turn`] : [];
  if (status === 'completed' && !hasRun) return [`${turn} is completed and never ran`];
  if (status === 'folded' && hasRun) return [`${turn} was folded and ran as well`];
  if (status === 'dead' && hasRun) return [`${turn} ran and was given up as never started`];
  return [];
}

/** A folded message reached the turn that it names, once: unless that turn did not live to be given it. */
function checkTaken({ journal, rows: all }: HistoryIndex, rows: readonly RowView[]): string[] {
  const taken = Map.groupBy(
    journal.filter(({ step }) => step === 'took'),
    (line) => line.taken ?? '',
  );
  const found: string[] = [];
  for (const [turn, lines] of taken) {
    const into = all.get(turn)?.foldedInto;
    if (lines.length > 1) found.push(`${turn} was taken ${lines.length} times`);
    if (all.has(turn) && into !== lines[0]?.turn)
      found.push(`${turn} was taken by ${lines[0]?.turn}, its row says ${into}`);
  }
  for (const { turn, status, foldedInto } of rows) {
    const isWhole = all.get(foldedInto ?? '')?.status === 'completed';
    if (status === 'folded' && isWhole && !taken.has(turn))
      found.push(`${turn} is folded into ${foldedInto}, which never got it`);
  }
  return found;
}
