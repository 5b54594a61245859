import { PlatformError } from '@switchyard/kernel';
import { isId } from '@switchyard/protocol';

/** Where a page of the conversation list ended: the sort key of its last row. */
export interface ListPosition {
  pinned: boolean;
  lastActivityAt: string;
  conversationId: string;
}

const TIMESTAMP = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/;

export function encodeCursor(position: ListPosition): string {
  return Buffer.from(
    JSON.stringify([position.pinned, position.lastActivityAt, position.conversationId]),
  ).toString('base64url');
}

/** Throws INVALID_REQUEST for anything that `encodeCursor` did not make. */
export function decodeCursor(cursor: string): ListPosition {
  const parts = parse(cursor);
  if (Array.isArray(parts) && parts.length === 3) {
    const [pinned, lastActivityAt, conversationId] = parts as unknown[];
    const isTime =
      typeof lastActivityAt === 'string' &&
      TIMESTAMP.test(lastActivityAt) &&
      !Number.isNaN(Date.parse(lastActivityAt));
    if (typeof pinned === 'boolean' && isTime && isId(conversationId))
      return { pinned, lastActivityAt, conversationId };
  }
  throw PlatformError.of('INVALID_REQUEST', 'cursor: not a cursor of this list');
}

function parse(cursor: string): unknown {
  try {
    return JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
  } catch {
    return undefined;
  }
}
