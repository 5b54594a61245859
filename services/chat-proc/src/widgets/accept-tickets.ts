import type { Request } from 'express';
import type { WidgetTickets } from '@switchyard/identity';
import { PlatformError } from '@switchyard/kernel';
import { QUERY } from '@switchyard/protocol';
import type { Guards } from '../caller-of.ts';

/**
 * Guards for the operations of bundles: `?widget_ticket=` stands for its holder, for operations of the ticket's own bundle and for nothing
 * else. The address says what is asked for; a ticket for another bundle, or at an address without one, is a bad token.
 */
export function acceptTickets(guards: Guards, tickets: Pick<WidgetTickets, 'open'>): Guards {
  return {
    ...guards,
    async session(req, res) {
      const ticket = ticketOf(req);
      if (ticket === undefined) return guards.session(req, res);
      const opened = tickets.open(ticket);
      const isForIt = opened !== undefined && opened.place.bundleId === req.params['bundle'];
      if (!isForIt)
        throw PlatformError.of('BAD_TOKEN', 'The widget ticket has run out or is for another bundle.');
      // A widget's page has an origin that is nobody's. `*` goes with no cookies, so only who holds a ticket can read.
      res.setHeader('Access-Control-Allow-Origin', '*');
      res.setHeader('Cross-Origin-Resource-Policy', 'cross-origin');
      // A GET's query is the operation's input; the ticket is none of it.
      req.url = withoutTicket(req.url);
      return opened.caller;
    },
  };
}

function ticketOf({ query }: Request): string | undefined {
  const ticket: unknown = query[QUERY.widgetTicket];
  if (ticket === undefined || typeof ticket === 'string') return ticket;
  throw PlatformError.of('BAD_TOKEN', 'A ticket was given more than once.');
}

function withoutTicket(url: string): string {
  const [path = '', search = ''] = url.split('?', 2);
  const query = new URLSearchParams(search);
  query.delete(QUERY.widgetTicket);
  return query.size === 0 ? path : `${path}?${query.toString()}`;
}
