const ENTITIES: Readonly<Record<string, string>> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  '#39': "'",
  nbsp: ' ',
};
const COMMENT = '!--';

/** Good enough for a model to read; what it makes is text for no browser. The page may be anybody's, so the work grows with its length alone. */
export function textOfHtml(html: string): string {
  return withoutHidden(html)
    .replaceAll(/<\/?(p|div|li|tr|h[1-6]|br|section|article|pre)\b[^<>]*>/giu, '\n')
    .replaceAll(/<[^<>]*>/gu, ' ')
    .replaceAll(/&(amp|lt|gt|quot|#39|nbsp);/gu, (_all, name: string) => ENTITIES[name] ?? ' ')
    .replaceAll(/[^\S\n]+/gu, ' ')
    .replaceAll(/(?<!\s)\s*\n\s*/gu, '\n')
    .trim();
}

/** Without comments and what a reader does not see. Of what is never closed only the tag goes; its end is looked for once, not for each. */
function withoutHidden(html: string): string {
  const lower = html.toLowerCase();
  const endless = new Set<string>();
  let kept = '';
  let from = 0;
  for (const { 1: name = '', index } of lower.matchAll(/<(script\b|style\b|noscript\b|svg\b|head\b|!--)/gu)) {
    if (index < from || endless.has(name)) continue;
    const close = endOf(lower, name, index);
    if (close === -1) {
      endless.add(name);
      continue;
    }
    kept += `${html.slice(from, index)} `;
    from = close + 1;
  }
  return kept + html.slice(from);
}

/** Where the `>` of an end stands; -1: there is none. `</header>` ends no `<head>`. */
function endOf(lower: string, name: string, from: number): number {
  if (name === COMMENT) {
    const end = lower.indexOf('-->', from);
    return end === -1 ? -1 : end + 2;
  }
  const tag = `</${name}`;
  let end = lower.indexOf(tag, from);
  while (end !== -1 && !/[\s>]/u.test(lower[end + tag.length] ?? '')) end = lower.indexOf(tag, end + 1);
  return end === -1 ? -1 : lower.indexOf('>', end);
}
