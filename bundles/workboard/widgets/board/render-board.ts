import type { Card, ColumnId } from '../../src/card.ts';
import type { BoardState } from './board-state.ts';
import { makeElement } from './make-element.ts';

/** Said again here: the widget takes only types from the bundle, so that no schema library comes into the page. */
export const COLUMNS: readonly { id: ColumnId; title: string }[] = [
  { id: 'todo', title: 'To do' },
  { id: 'doing', title: 'Doing' },
  { id: 'done', title: 'Done' },
];

export interface BoardActions {
  open(card: Card): void;
  add(column: ColumnId, title: string): Promise<boolean>;
  move(card: Card, column: ColumnId, before?: string): void;
}

export function renderColumns(state: BoardState, actions: BoardActions): HTMLElement {
  const columns = COLUMNS.map(({ id, title }) => {
    const cards = state.in(id);
    const heading = makeElement(
      'h2',
      {},
      title,
      makeElement('span', { attributes: { class: 'count' } }, `${cards.length}`),
    );
    const list = makeElement('ul', { attributes: { 'data-column': id } });
    list.append(...cards.map((card, at) => renderCard(card, { cards, at, actions })));
    if (cards.length === 0) list.append(makeElement('li', { attributes: { class: 'none' } }, EMPTY[id]));
    const section = makeElement('section', {
      attributes: { class: 'column', 'data-shown': `${id === state.column}` },
    });
    section.setAttribute('aria-label', title);
    section.append(heading, list, renderAdd(id, title, actions));
    acceptDrops(section, id, state, actions);
    return section;
  });
  return makeElement('div', { attributes: { class: 'columns' } }, ...columns);
}

const EMPTY: Record<ColumnId, string> = {
  todo: 'Nothing waits.',
  doing: 'Nobody is at anything.',
  done: 'Nothing yet.',
};

interface Place {
  cards: readonly Card[];
  at: number;
  actions: BoardActions;
}

export function renderCard(card: Card, place?: Place, open?: (card: Card) => void): HTMLLIElement {
  const tags = card.labels.map((label) => makeElement('span', { attributes: { class: 'label' } }, label));
  const foot = makeElement(
    'span',
    { attributes: { class: 'foot' } },
    ...tags,
    card.archived ? makeElement('span', { attributes: { class: 'label archived' } }, 'Archived') : undefined,
    card.assignee === ''
      ? undefined
      : makeElement('span', { attributes: { class: 'who', title: card.assignee } }, card.assignee),
  );
  const button = makeElement(
    'button',
    {
      attributes: {
        type: 'button',
        class: 'card',
        'data-card': card.id,
        draggable: place === undefined ? undefined : 'true',
        'aria-describedby': place === undefined ? undefined : 'keys',
      },
      on: {
        click: () => (open ?? place?.actions.open)?.(card),
        keydown: (event) => place !== undefined && moveByKey(event, card, place),
        dragstart: (event) => event.dataTransfer?.setData('text/plain', card.id),
      },
    },
    makeElement('span', { attributes: { class: 'title' } }, card.title),
    foot.childElementCount === 0 ? undefined : foot,
  );
  return makeElement('li', {}, button);
}

/** Alt and an arrow: to the column beside, or one place up or down. */
function moveByKey(event: KeyboardEvent, card: Card, { cards, at, actions }: Place): void {
  if (!event.altKey) return;
  const column = COLUMNS.findIndex(({ id }) => id === card.column);
  const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  const target = step === undefined ? undefined : COLUMNS[column + step];
  if (target !== undefined) actions.move(card, target.id);
  if (event.key === 'ArrowUp' && at > 0) actions.move(card, card.column, cards[at - 1]?.id);
  if (event.key === 'ArrowDown' && at < cards.length - 1) actions.move(card, card.column, cards[at + 2]?.id);
  if (event.key.startsWith('Arrow')) event.preventDefault();
}

function renderAdd(column: ColumnId, title: string, actions: BoardActions): HTMLFormElement {
  const input = makeElement('input', {
    attributes: {
      class: 'add',
      'data-add': column,
      maxlength: '200',
      placeholder: 'Add a card',
      'aria-label': `Add a card to ${title}`,
      autocomplete: 'off',
    },
  });
  const onSubmit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const text = input.value.trim();
    if (text === '') return;
    input.value = '';
    // What could not be added is given back.
    if (!(await actions.add(column, text))) input.value = text;
  };
  return makeElement('form', { on: { submit: (event) => void onSubmit(event) } }, input);
}

function acceptDrops(section: HTMLElement, column: ColumnId, state: BoardState, actions: BoardActions): void {
  const isOver = (value: boolean): void => void (section.dataset['over'] = `${value}`);
  section.addEventListener('dragover', (event) => {
    event.preventDefault();
    isOver(true);
  });
  section.addEventListener('dragleave', () => isOver(false));
  section.addEventListener('drop', (event) => {
    event.preventDefault();
    isOver(false);
    const card = state.get(event.dataTransfer?.getData('text/plain') ?? '');
    const over = event.target instanceof Element ? event.target.closest('[data-card]') : null;
    const before = over?.getAttribute('data-card') ?? undefined;
    if (card !== undefined && before !== card.id) actions.move(card, column, before);
  });
}
