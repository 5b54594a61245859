type Child = Node | string | undefined;
type Listeners = { [N in keyof HTMLElementEventMap]?: (event: HTMLElementEventMap[N]) => void };

/** An element with attributes, listeners and children. Text goes in as text: nothing of a card is ever read as markup. */
export function makeElement<N extends keyof HTMLElementTagNameMap>(
  name: N,
  { attributes = {}, on = {} }: { attributes?: Record<string, string | undefined>; on?: Listeners } = {},
  ...children: Child[]
): HTMLElementTagNameMap[N] {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes))
    if (value !== undefined) element.setAttribute(key, value);
  for (const [type, listener] of Object.entries(on))
    element.addEventListener(type, listener as EventListener);
  element.append(...children.filter((child) => child !== undefined));
  return element;
}

export function find<T extends HTMLElement>(id: string, kind: new () => T): T {
  const element = document.getElementById(id);
  if (!(element instanceof kind)) throw new Error(`index.html has no #${id}`);
  return element;
}
