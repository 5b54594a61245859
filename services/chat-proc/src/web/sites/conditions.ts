import type { IncomingHttpHeaders } from 'node:http';

export interface Validators {
  /** Strong, with its quotes. */
  readonly etag: string;
  /** Seconds since 1970. */
  readonly modified: number;
}

/** RFC 9110 §13.2.2: tags win over dates. A weak tag compares by its text, which is enough to spare the body. */
export function isNotModified(headers: IncomingHttpHeaders, { etag, modified }: Validators): boolean {
  const tags = headers['if-none-match'];
  if (tags !== undefined)
    return tags.trim() === '*' || listOf(tags).some((tag) => tag.replace(/^W\//u, '') === etag);
  const since = secondsOf(headers['if-modified-since']);
  return since !== undefined && modified <= since;
}

/** Whether `Range` counts: only a strong tag, or the very date, says that the client's part is of the same bytes. */
export function isRangeFresh(headers: IncomingHttpHeaders, { etag, modified }: Validators): boolean {
  const given = headers['if-range'];
  if (given === undefined) return true;
  const text = String(given).trim();
  return text.startsWith('"') ? text === etag : secondsOf(text) === modified;
}

function listOf(tags: string): string[] {
  return tags.match(/(?:W\/)?"[^"]*"/gu) ?? [];
}

function secondsOf(date: string | undefined): number | undefined {
  if (date === undefined) return undefined;
  const ms = Date.parse(date);
  return Number.isNaN(ms) ? undefined : Math.floor(ms / 1000);
}
