const MAX_TITLE = 60;
/** Made once: making one costs more than using it. */
const GRAPHEMES = new Intl.Segmenter(undefined, { granularity: 'grapheme' });

/** The first line of a message as a conversation's title: no markup, cut at a word. Undefined when nothing readable is left. */
export function titleFromMessage(message: string): string | undefined {
  for (const line of message.split(/\r?\n/u)) {
    const plain = line
      .replaceAll(/[`*#>]+/gu, '')
      .replaceAll(/\s+/gu, ' ')
      .trim();
    if (/[\p{L}\p{N}\p{Emoji_Presentation}]/u.test(plain)) return shorten(plain);
  }
  return undefined;
}

function shorten(text: string): string {
  if (text.length <= MAX_TITLE) return text;
  // Counted in characters as people see them, so that an emoji is never cut in two. Those of a title need no more units than this.
  const characters = [...GRAPHEMES.segment(text.slice(0, MAX_TITLE * 16))].map((part) => part.segment);
  if (characters.length <= MAX_TITLE) return text;
  const cut = characters.slice(0, MAX_TITLE).join('');
  const edge = cut.lastIndexOf(' ');
  return `${(edge > MAX_TITLE / 2 ? cut.slice(0, edge) : cut).replace(/(?<![\s,;:.–-])[\s,;:.–-]+$/u, '')}…`;
}
