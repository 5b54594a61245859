interface Piece {
  text: string;
  isHit: boolean;
}
interface Result {
  url: string;
  page: string;
  heading: Piece[];
  excerpt: Piece[];
}

const PAUSE_MS = 120;

/** Shows what is found while somebody types. Without it the form still leads to the page of results. */
export function enableSearchBox(form: HTMLFormElement, input: HTMLInputElement, root: string): void {
  const list = document.createElement('div');
  list.className = 'suggestions';
  list.id = 'suggestions';
  list.role = 'listbox';
  list.ariaLabel = 'Found';
  list.hidden = true;
  form.append(list);
  input.role = 'combobox';
  input.setAttribute('aria-controls', list.id);
  input.setAttribute('aria-autocomplete', 'list');
  let chosen = -1;
  let asking: AbortController | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;

  const options = (): HTMLAnchorElement[] => [...list.querySelectorAll<HTMLAnchorElement>('a')];
  const choose = (at: number): void => {
    chosen = at;
    for (const [index, option] of options().entries()) option.ariaSelected = String(index === at);
    const option = options()[at];
    if (option === undefined) input.removeAttribute('aria-activedescendant');
    else {
      input.setAttribute('aria-activedescendant', option.id);
      option.scrollIntoView({ block: 'nearest' });
    }
  };
  const show = (isShown: boolean): void => {
    list.hidden = !isShown;
    input.ariaExpanded = String(isShown);
    if (!isShown) choose(-1);
  };
  const ask = async (): Promise<void> => {
    asking?.abort();
    const query = input.value.trim();
    if (query === '') return show(false);
    const { signal } = (asking = new AbortController());
    try {
      const answer = await fetch(`${root}api/search?q=${encodeURIComponent(query)}`, {
        signal,
        headers: { accept: 'application/json' },
      });
      if (!answer.ok) return show(false);
      const { results } = (await answer.json()) as { results: Result[] };
      list.replaceChildren(
        ...(results.length === 0 ? [nothing(query)] : results.map((one, at) => optionOf(one, at, root))),
      );
      choose(-1);
      show(document.activeElement === input);
    } catch {
      // The form still works.
      if (!signal.aborted) show(false);
    }
  };
  input.addEventListener('input', () => {
    clearTimeout(timer);
    timer = setTimeout(() => void ask(), PAUSE_MS);
  });
  input.addEventListener('focus', () => show(list.childElementCount > 0 && input.value.trim() !== ''));
  form.addEventListener('focusout', ({ relatedTarget }) => {
    if (!(relatedTarget instanceof Node) || !form.contains(relatedTarget)) show(false);
  });
  input.addEventListener('keydown', (event) => {
    const count = options().length;
    if (event.key === 'Escape') show(false);
    else if (event.key === 'ArrowDown' && count > 0) choose((chosen + 1) % count);
    else if (event.key === 'ArrowUp' && count > 0) choose((chosen + count - (chosen < 0 ? 0 : 1)) % count);
    else if (event.key === 'Enter' && chosen >= 0) options()[chosen]?.click();
    else return;
    event.preventDefault();
  });
  document.addEventListener('keydown', (event) => {
    const isWriting = event.target instanceof HTMLElement && event.target.matches('input, textarea, select');
    if (event.key !== '/' || isWriting || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    input.focus();
    input.select();
  });
}

function nothing(query: string): HTMLElement {
  const text = document.createElement('p');
  text.textContent = `Nothing was found for “${query}”.`;
  return text;
}

function optionOf({ url, page, heading, excerpt }: Result, at: number, root: string): HTMLElement {
  const option = document.createElement('a');
  option.href = `${root}${url}`;
  option.id = `suggestion-${at}`;
  option.role = 'option';
  option.tabIndex = -1;
  const [name, where, text] = [
    document.createElement('b'),
    document.createElement('span'),
    document.createElement('p'),
  ];
  name.append(...heading.map(nodeOf));
  where.textContent = page;
  text.append(...excerpt.map(nodeOf));
  option.append(name, ...(name.textContent === page ? [] : [where]), text);
  return option;
}

function nodeOf({ text, isHit }: Piece): Node {
  if (!isHit) return document.createTextNode(text);
  const mark = document.createElement('mark');
  mark.textContent = text;
  return mark;
}
