import type { Clock, Ids } from '@switchyard/kernel';
import { userTypeSchema } from '@switchyard/protocol';
import type { TenantProject } from '@switchyard/protocol';
import { z } from 'zod';
import type { Caller } from './caller.ts';
import { deriveKeys } from './derive-key.ts';
import type { MasterKeys } from './master-keys.ts';
import { seal, unsealAny } from './seal.ts';

/** Which files of which version a ticket opens. */
export interface WidgetPlace {
  readonly bundleId: string;
  readonly alias: string;
  /** A page that is open goes on with the version that it began with. */
  readonly versionId: string;
  /** Where its files lie, relative to the bundle store. */
  readonly folder: string;
}

/** What a ticket says: who holds it, and for which widget. */
export interface OpenedTicket {
  readonly caller: Caller;
  readonly place: WidgetPlace;
}

export interface WidgetTickets {
  make(caller: Caller, place: WidgetPlace): { ticket: string; expiresAt: number };
  /** Undefined: not ours, changed, of another scope, or run out. */
  open(ticket: string): OpenedTicket | undefined;
}

export interface WidgetTicketParts {
  readonly masterKeys: MasterKeys;
  readonly scope: TenantProject;
  readonly clock: Pick<Clock, 'now'>;
  readonly ids: Pick<Ids, 'token'>;
  readonly ttlMs: number;
}

const IV_BYTES = 12;
/** A ticket of a user with a hundred roles has 6,000 characters; what is longer is not ours and costs no deciphering. */
const MAX_CHARACTERS = 8_000;

const sealedSchema = z.object({
  until: z.number(),
  place: z.object({ bundleId: z.string(), alias: z.string(), versionId: z.string(), folder: z.string() }),
  caller: z.object({
    kind: z.enum(['user', 'anonymous']),
    userId: z.string(),
    username: z.string().optional(),
    userType: userTypeSchema,
    roles: z.array(z.string()),
    permissions: z.array(z.string()),
    sessionId: z.string(),
    sessionCreatedAt: z.number(),
  }),
});

/**
 * Tickets for the pages of widgets, which run in an origin of their own without the user's cookies. Sealed and kept nowhere: a page asks
 * for dozens of files, and none of that should ask Redis. The price is that one cannot be called back before its time.
 */
export function createWidgetTickets(parts: WidgetTicketParts): WidgetTickets {
  const keys = deriveKeys(parts.masterKeys, 'widget-tickets');
  const context = `${parts.scope.tenant}:${parts.scope.project}`;
  return {
    make(caller, place) {
      const { kind, userId, username, userType, roles, permissions, sessionId, sessionCreatedAt } = caller;
      // Not after the token that it stands for.
      const until = Math.min(parts.clock.now() + parts.ttlMs, caller.expiresAt ?? Infinity);
      const text = JSON.stringify({
        until,
        place,
        caller: { kind, userId, username, userType, roles, permissions, sessionId, sessionCreatedAt },
      });
      const iv = Buffer.from(parts.ids.token(IV_BYTES), 'base64url');
      return {
        ticket: seal(keys.current, iv, Buffer.from(text), context).toString('base64url'),
        expiresAt: until,
      };
    },
    open(ticket) {
      if (ticket.length > MAX_CHARACTERS) return undefined;
      const text = unsealAny(keys.all, Buffer.from(ticket, 'base64url'), context);
      if (text === undefined) return undefined;
      const { until, place, caller } = sealedSchema.parse(JSON.parse(text.toString('utf8')));
      if (until <= parts.clock.now()) return undefined;
      const { username, ...known } = caller;
      return { place, caller: { ...known, ...(username === undefined ? {} : { username }) } };
    },
  };
}
