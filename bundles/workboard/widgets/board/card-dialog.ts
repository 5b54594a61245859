import type { Card, CardChange, ColumnId } from '../../src/card.ts';
import { makeElement } from './make-element.ts';
import { COLUMNS } from './render-board.ts';

export interface CardDialogActions {
  save(card: Card, changes: CardChange, column: ColumnId): Promise<boolean>;
  archive(card: Card, archived: boolean): Promise<boolean>;
}

/** One card, to be read and changed. Esc and "Close" leave it as it is. */
export function openCardDialog(dialog: HTMLDialogElement, card: Card, actions: CardDialogActions): void {
  const title = makeElement('input', {
    attributes: { id: 'title', value: card.title, maxlength: '200', required: '' },
  });
  const notes = makeElement(
    'textarea',
    { attributes: { id: 'notes', rows: '4', maxlength: '5000' } },
    card.notes,
  );
  const who = makeElement('input', { attributes: { id: 'who', value: card.assignee, maxlength: '80' } });
  const labels = makeElement('input', {
    attributes: { id: 'labels', value: card.labels.join(', '), placeholder: 'urgent, docs' },
  });
  const column = makeElement(
    'select',
    { attributes: { id: 'column' } },
    ...COLUMNS.map(({ id, title: name }) => {
      const selected = id === card.column ? '' : undefined;
      return makeElement('option', { attributes: { value: id, selected } }, name);
    }),
  );
  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const changes = changesOf(card, {
      title: title.value.trim(),
      notes: notes.value,
      assignee: who.value.trim(),
      labels: labelsOf(labels.value),
    });
    const target = COLUMNS.find(({ id }) => id === column.value)?.id ?? card.column;
    if (await actions.save(card, changes, target)) dialog.close();
  };
  const archive = async (): Promise<void> => {
    if (await actions.archive(card, !card.archived)) dialog.close();
  };
  dialog.replaceChildren(
    makeElement(
      'form',
      { on: { submit: (event) => void submit(event) } },
      makeElement('h2', { attributes: { id: 'card-title' } }, 'Card'),
      field('title', 'Title', title),
      field('notes', 'Notes', notes),
      makeElement(
        'div',
        { attributes: { class: 'pair' } },
        field('column', 'Column', column),
        field('who', 'Assigned to', who),
      ),
      field('labels', 'Labels, with commas between', labels),
      makeElement('p', { attributes: { class: 'fine' } }, historyOf(card)),
      makeElement(
        'footer',
        {},
        button(card.archived ? 'Bring back' : 'Archive', 'quiet', () => void archive()),
        makeElement('span', { attributes: { class: 'space' } }),
        button('Close', 'quiet', () => dialog.close()),
        makeElement('button', { attributes: { type: 'submit', class: 'main' } }, 'Save'),
      ),
    ),
  );
  dialog.showModal();
}

/** What differs: of two people who change different fields neither takes the other's back. */
function changesOf(card: Card, given: Required<CardChange>): CardChange {
  return Object.fromEntries(
    Object.entries(given).filter(
      ([key, value]) => JSON.stringify(value) !== JSON.stringify(card[key as keyof CardChange]),
    ),
  );
}

function labelsOf(text: string): string[] {
  return [...new Set(text.split(',').map((label) => label.trim().slice(0, 30)))].filter(Boolean).slice(0, 8);
}

function historyOf({ created_by, changed_by, changed_at }: Card): string {
  return `Added by ${created_by}, last changed by ${changed_by}, ${new Date(changed_at).toLocaleString()}`;
}

function field(id: string, text: string, control: HTMLElement): HTMLElement {
  return makeElement(
    'p',
    { attributes: { class: 'field' } },
    makeElement('label', { attributes: { for: id } }, text),
    control,
  );
}

function button(text: string, look: string, click: () => void): HTMLButtonElement {
  return makeElement('button', { attributes: { type: 'button', class: look }, on: { click } }, text);
}
