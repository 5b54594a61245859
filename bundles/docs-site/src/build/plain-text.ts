import type { Token, Tokens } from 'marked';

/** What somebody reads aloud: text without markup, one space between its parts. */
export function plainText(tokens: readonly Token[]): string {
  return tokens.map(textOf).join('').replaceAll(/\s+/gu, ' ').trim();
}

function textOf(token: Token): string {
  if (token.type === 'html' || token.type === 'space' || token.type === 'hr') return ' ';
  if (token.type === 'table') return tableText(token as Tokens.Table);
  if (token.type === 'list')
    return (token as Tokens.List).items.map(({ tokens }) => ` ${tokens.map(textOf).join('')} `).join(' ');
  if ('tokens' in token && token.tokens !== undefined) {
    const inside = token.tokens.map(textOf).join('');
    return token.type === 'paragraph' || token.type === 'heading' ? ` ${inside} ` : inside;
  }
  if (token.type === 'br') return ' ';
  return 'text' in token && typeof token.text === 'string' ? unescape(token.text) : '';
}

function tableText({ header, rows }: Tokens.Table): string {
  return [header, ...rows]
    .flat()
    .map(({ tokens }) => ` ${tokens.map(textOf).join('')} `)
    .join('');
}

const CHARACTERS: Readonly<Record<string, string>> = {
  '&amp;': '&',
  '&lt;': '<',
  '&gt;': '>',
  '&quot;': '"',
  '&#39;': "'",
};

function unescape(text: string): string {
  return text.replaceAll(/&(?:amp|lt|gt|quot|#39);/gu, (entity) => CHARACTERS[entity] ?? entity);
}
