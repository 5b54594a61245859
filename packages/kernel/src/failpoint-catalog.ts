/**
 * Every place between two effects on the outside where a process may die, by name, with what is done and what is not. The crash suite
 * goes through all of them (docs/explanation/crash-points.md).
 */
export const FAILPOINTS = {
  'ingress.attachment.after-blob': 'The bytes of a file are on the disk; no row knows of them.',
  'ingress.attachment.after-touch': 'The blob has its row; its message is not accepted yet.',
  'ingress.submit.after-accept': 'A message is accepted; its files have no rows, and there is no ack.',
  'ingress.delete.after-mark': 'A conversation is marked deleted; its turns go on.',
  'ingress.delete.after-cancel': 'Its turns are cancelled; the session has not been told.',
  'ingress.delete.after-event': 'The session is told; the contents are still there.',
  'relay.append.before-script': 'An event of the platform is about to be written.',
  'relay.append.after-script': 'It is written and published; its caller does not know.',
  'turns.accept.after-row': 'A message has its row and no task.',
  'turns.accept.after-script': 'The enqueue script has answered; nothing else is done.',
  'turns.accept.after-delete':
    'A refused message has lost its row; the conversation that it opened is still there.',
  'turns.cancel.after-row': 'The row of a waiting message is cancelled; the message still waits.',
  'turns.cancel.after-script':
    'It is told and out of its list; the steers that were dropped with it have open rows.',
  'turns.claim.after-script': 'Tasks are claimed under leases; no slot knows of them.',
  'turns.claim.after-pop': 'A task is on the inflight list without a lease.',
  'turns.claim.after-adopt': 'The popped task has its lease; no slot knows of it.',
  'turns.release.before-script': 'A claim is about to be given back.',
  'turns.release.after-script': 'It is back on its lane; its slot is still taken.',
  'turns.renew.before-script': 'Leases are about to be renewed.',
  'turns.renew.after-script': 'They are renewed; the worker still counts the old deadline.',
  'turns.start.before-row': 'A turn is prepared; its row is queued.',
  'turns.start.after-row': 'The row is running; there is no marker.',
  'turns.start.after-script':
    'The marker stands and chat_start is told; the first line of the bundle has not run.',
  'turns.start.after-interrupt':
    'The row was running under a dead fence and is interrupted now; nobody is told.',
  'turns.start.after-refusal': 'The start was refused for a cancel, and the row says so; nobody is told.',
  'turns.emit.before-script': 'The bundle has said something; it is not in the log.',
  'turns.emit.after-script': 'It is in the log; the bundle does not know.',
  'turns.take.after-row': 'A waiting message is folded into the running turn by its row; it still waits.',
  'turns.take.after-script': 'It is out of the mailbox and told; the bundle has not got it.',
  'turns.end.before-row': 'The bundle has returned and everything it said is in the log; the row is running.',
  'turns.end.after-row': 'The row has its end and the answer; nobody is told.',
  'turns.finish.after-script':
    'The turn is told and forgotten; the steers that were dropped with it have open rows.',
  'turns.drain.after-claims': 'A worker that drains has stopped claiming; its turns run.',
  'turns.drain.before-goodbye': 'They are over; the worker still counts as alive.',
  'turns.reap.after-script': 'The reaper holds the leases of suspects; their rows are as they were.',
  'turns.reap.after-row': 'The row of a suspect is settled; it is still on the inflight list.',
  'turns.reap.after-repair': 'One suspect is back or told; the others are not.',
  'turns.reconcile.after-interrupt': 'A running row without a task is interrupted; nobody is told.',
  'turns.reconcile.after-requeue': 'One forgotten message has its task again; others have not.',
  'turns.reconcile.after-tell': 'One end that nobody heard is told; others are not.',
  'turns.rebuild.after-open':
    'The rebuild has made the data its own; the claims of the former server still run.',
  'turns.rebuild.after-interrupt': 'Rows that ran are interrupted; their tasks are still in Redis.',
  'turns.rebuild.after-drop': 'All work keys are gone.',
  'turns.rebuild.after-told': 'Old ends are marked as told.',
  'turns.rebuild.after-tell': 'Ends that nobody heard are told; nothing waits on a lane.',
  'turns.rebuild.after-requeue': 'One message is back in the queue; others are not.',
  'turns.rebuild.before-close': 'Everything is rebuilt; all scripts still answer EPOCH.',
  'turns.rebuild.after-close': 'The data belongs to the server; the advisory lock is still held.',
  'registry.switch.after-copy': 'The copy of a version is in the store; no row knows of it.',
  'registry.switch.after-row': 'The version has a row; nobody has looked into it.',
  'registry.switch.after-ready': 'The version is ready; the former one is active.',
  'registry.switch.after-active': 'The version is active; no worker knows, not even this one.',
  'registry.switch.after-refresh': 'This worker serves it; the others have not been told.',
} as const;

export type FailpointName = keyof typeof FAILPOINTS;
