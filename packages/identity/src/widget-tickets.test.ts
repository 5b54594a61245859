import { Secret } from '@switchyard/kernel';
import { expect, test } from 'vitest';
import type { Caller } from './caller.ts';
import type { MasterKeys } from './master-keys.ts';
import { createWidgetTickets } from './widget-tickets.ts';

const CALLER: Caller = {
  kind: 'user',
  userId: 'ada',
  username: 'Ada',
  userType: 'registered',
  roles: ['r'],
  permissions: [],
  sessionId: 'S',
  sessionCreatedAt: 5,
};
const PLACE = {
  bundleId: 'board',
  alias: 'main',
  versionId: 'board__folder__abc',
  folder: 'board__folder__abc/w',
};

const OLD = new Secret('a key for tests that is long enough to be one');
const NEW = new Secret('another key for tests that is long enough too');

let tokens = 0;
function ticketsAt(
  now: () => number,
  project = 'main',
  masterKeys: MasterKeys = { current: OLD, former: [] },
) {
  return createWidgetTickets({
    masterKeys,
    scope: { tenant: 'demo', project },
    clock: { now },
    ids: { token: (bytes) => Buffer.alloc(bytes, (tokens += 1)).toString('base64url') },
    ttlMs: 600_000,
  });
}

test('a ticket says who holds it and which widget it is for, until its time', () => {
  let now = 1_000;
  const tickets = ticketsAt(() => now);
  const { ticket, expiresAt } = tickets.make(CALLER, PLACE);
  expect(expiresAt).toBe(601_000);
  now = 600_999;
  expect(tickets.open(ticket)).toEqual({ caller: CALLER, place: PLACE });
  now = 601_000;
  expect(tickets.open(ticket)).toBeUndefined();
});

test('one of a former master key opens as long as that one is named', () => {
  const { ticket } = ticketsAt(() => 1_000).make(CALLER, PLACE);
  const both = ticketsAt(() => 1_000, 'main', { current: NEW, former: [OLD] });
  const alone = ticketsAt(() => 1_000, 'main', { current: NEW, former: [] });
  expect(both.open(ticket)).toMatchObject({ caller: CALLER });
  expect(alone.open(ticket)).toBeUndefined();
  expect(alone.open(both.make(CALLER, PLACE).ticket)).toMatchObject({ caller: CALLER });
});

test('it does not outlive the token of its holder', () => {
  const { expiresAt } = ticketsAt(() => 1_000).make({ ...CALLER, expiresAt: 2_000 }, PLACE);
  expect(expiresAt).toBe(2_000);
});

test('one that was changed, cut, made for another scope or is too long opens nothing', () => {
  const tickets = ticketsAt(() => 0);
  const { ticket } = tickets.make(CALLER, PLACE);
  const changed = `${ticket.slice(0, 40)}${ticket[40] === 'A' ? 'B' : 'A'}${ticket.slice(41)}`;
  for (const wrong of [changed, ticket.slice(0, -4), '', 'x', 'A'.repeat(9_000)])
    expect(tickets.open(wrong)).toBeUndefined();
  expect(ticketsAt(() => 0, 'other').open(ticket)).toBeUndefined();
});
