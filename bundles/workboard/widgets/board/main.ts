import { WidgetCallError, connectWidget } from '@switchyard/bundle-sdk/widget';
import type { Card, CardChange, Change, ColumnId } from '../../src/card.ts';
import { BoardState } from './board-state.ts';
import { openCardDialog } from './card-dialog.ts';
import { find, makeElement } from './make-element.ts';
import { COLUMNS, renderCard, renderColumns } from './render-board.ts';
import { renderHistory } from './render-history.ts';

interface Changed {
  card: Card;
  is_conflict: boolean;
}
type Seen = { id: string; version: number };
/** What the widget calls, as `bundle.ts` declares it. A type, since a record needs an index. */
type Operations = {
  board: { input: undefined; output: { cards: Card[] } };
  search: { input: { q: string }; output: { cards: Card[] } };
  history: { input: undefined; output: { changes: Change[] } };
  add: { input: { title: string; column: ColumnId }; output: Card };
  edit: { input: Seen & { changes: CardChange }; output: Changed };
  move: { input: Seen & { column: ColumnId; before?: string }; output: Changed };
  archive: { input: Seen & { archived: boolean }; output: Changed };
};

const SEARCH_PAUSE_MS = 200;

const main = find('main', HTMLElement);
const status = find('status', HTMLElement);
const search = find('search', HTMLInputElement);
const dialog = find('card', HTMLDialogElement);
const historyButton = find('show-history', HTMLButtonElement);
const nav = find('columns-nav', HTMLElement);

const state = new BoardState();
const bridge = await connectWidget<Operations>();

function say(text: string): void {
  status.textContent = text;
}

/** True: it went well. What went wrong is said. */
async function attempt(work: () => Promise<void>): Promise<boolean> {
  try {
    await work();
    return true;
  } catch (error) {
    say(error instanceof WidgetCallError ? error.message : 'That did not work. Try again.');
    return false;
  }
}

function taken({ card, is_conflict }: Changed, done: string): void {
  state.take(card);
  say(is_conflict ? `${card.changed_by} changed this card first. Look at it again.` : done);
  draw();
}

const actions = {
  open: (card: Card): void => openCardDialog(dialog, state.get(card.id) ?? card, dialogActions),
  add: (column: ColumnId, title: string) =>
    attempt(async () => {
      state.take(await bridge.callOperation('add', { title, column }));
      say(`Added ${title}.`);
      draw();
    }),
  move(card: Card, column: ColumnId, before?: string): void {
    const { id, version } = card;
    const place = before === undefined ? {} : { before };
    void attempt(async () => {
      const changed = await bridge.callOperation('move', { id, version, column, ...place });
      state.column = column;
      taken(changed, `${card.title}: moved to ${COLUMNS.find((one) => one.id === column)?.title ?? column}.`);
    });
  },
};

const dialogActions = {
  save: (card: Card, changes: CardChange, column: ColumnId) =>
    attempt(async () => {
      let { version } = card;
      const { id } = card;
      if (Object.keys(changes).length > 0) {
        const edited = await bridge.callOperation('edit', { id, version, changes });
        taken(edited, 'Saved.');
        if (edited.is_conflict) return;
        version = edited.card.version;
      }
      if (column !== card.column)
        taken(await bridge.callOperation('move', { id, version, column }), 'Moved.');
    }),
  archive: (card: Card, archived: boolean) =>
    attempt(async () => {
      const { id, version } = card;
      const changed = await bridge.callOperation('archive', { id, version, archived });
      taken(changed, archived ? `Archived ${card.title}.` : `${card.title} is back.`);
    }),
};

/** Draws all anew, and gives the focus back to what had it: a card is the same card wherever it stands now. */
function draw(): void {
  const focused = document.activeElement?.closest<HTMLElement>('[data-card], [data-add]');
  const card = focused?.dataset['card'];
  const add = focused?.dataset['add'];
  const typed = focused instanceof HTMLInputElement ? focused.value : '';
  drawNav();
  if (state.query !== '') drawFound();
  else if (!state.isHistoryOpen) main.replaceChildren(renderColumns(state, actions));
  main.ariaBusy = 'false';
  if (card !== undefined) main.querySelector<HTMLElement>(`[data-card="${card}"]`)?.focus();
  const input = main.querySelector<HTMLInputElement>(`[data-add="${add}"]`);
  if (input === null) return;
  input.value = typed;
  input.focus();
}

function drawNav(): void {
  nav.hidden = state.query !== '' || state.isHistoryOpen;
  nav.replaceChildren(
    ...COLUMNS.map(({ id, title }) => {
      const click = (): void => {
        state.column = id;
        draw();
      };
      const attributes = { type: 'button', 'aria-pressed': `${id === state.column}` };
      return makeElement('button', { attributes, on: { click } }, `${title} ${state.in(id).length}`);
    }),
  );
}

function drawFound(): void {
  const list = makeElement('ul', { attributes: { class: 'found' } });
  list.append(...state.found.map((card) => renderCard(card, undefined, actions.open)));
  const none = makeElement('p', { attributes: { class: 'none' } }, `Nothing found for “${state.query}”.`);
  main.replaceChildren(state.found.length === 0 ? none : list);
}

async function look(): Promise<void> {
  state.query = search.value.trim();
  const { query } = state;
  if (query !== '') {
    const { cards } = await bridge.queryOperation('search', { q: query });
    // Meanwhile more was typed.
    if (query !== state.query) return;
    state.found = cards;
  }
  draw();
}

async function drawHistory(): Promise<void> {
  const { changes } = await bridge.queryOperation('history');
  if (state.isHistoryOpen) main.replaceChildren(renderHistory(changes));
  drawNav();
}

const reread = (): Promise<boolean> =>
  attempt(async () => {
    const { cards } = await bridge.queryOperation('board');
    state.replace(cards);
    draw();
  });

let pause: ReturnType<typeof setTimeout> | undefined;
search.addEventListener('input', () => {
  clearTimeout(pause);
  pause = setTimeout(() => void attempt(look), SEARCH_PAUSE_MS);
});
historyButton.addEventListener('click', () => {
  state.isHistoryOpen = !state.isHistoryOpen;
  historyButton.ariaExpanded = `${state.isHistoryOpen}`;
  if (state.isHistoryOpen) void attempt(drawHistory);
  else draw();
});
bridge.onUpdate(({ type, data }) => {
  if (type === 'stale') return void reread();
  if (type !== 'workboard.changed') return;
  state.take(data['card'] as Card);
  if (state.isHistoryOpen) void attempt(drawHistory);
  else draw();
});
await reread();
