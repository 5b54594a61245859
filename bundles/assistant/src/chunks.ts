/** A line of code longer than this is streamed in parts, so that one delta stays small. */
const MAX_CHUNK = 400;

/**
 * Cuts markdown into the pieces that are streamed: a word with the space after it, or a whole line inside a fenced code block (a highlighter that
 * gets half a line paints it twice). Joined they are the markdown again, to the letter.
 */
export function chunksOf(markdown: string): string[] {
  const chunks: string[] = [];
  let isCode = false;
  for (const line of markdown.split(/(?<=\n)/u)) {
    const isFence = /^\s{0,3}(?:`{3,}|~{3,})/u.test(line);
    if (isCode || isFence) chunks.push(...cut(line));
    else for (const word of line.match(/\s*\S+\s*|\s+/gu) ?? []) chunks.push(...cut(word));
    if (isFence) isCode = !isCode;
  }
  return chunks;
}

function cut(text: string): string[] {
  const parts: string[] = [];
  let rest = text;
  while (rest.length > MAX_CHUNK) {
    // Never between the halves of a surrogate pair: each delta must be valid text of its own.
    const at = /[\uD800-\uDBFF]/u.test(rest[MAX_CHUNK - 1] ?? '') ? MAX_CHUNK - 1 : MAX_CHUNK;
    parts.push(rest.slice(0, at));
    rest = rest.slice(at);
  }
  if (rest !== '') parts.push(rest);
  return parts;
}
