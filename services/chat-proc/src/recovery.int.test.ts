import { expect } from 'vitest';
import { procTest as test, terminalOf } from '../test/proc-rig.ts';

const declared = (text: string) => text.replace("id: 'actor',", "id: 'actor',\n  recovery: 'retryIfSilent',");
const undeclared = (text: string) => text;

test.for([
  ['declared, dead before a word: runs twice more', declared, 'die', 'permission', 3],
  ['declared, dead after a word: ends', declared, 'crash', 'permission', 1],
  ['not declared: ends', undeclared, 'die', 'permission', 1],
  ['declared, but what it does without a sandbox is seen by nobody: ends', declared, 'die', 'none', 1],
] as const)('a bundle whose process dies, %s', async ([, change, act, runnerSandbox, attempt], { rig }) => {
  await rig.writeActor('first', change);
  await rig.start({ runnerSandbox });
  const ack = await rig.say(act);
  const events = await rig.ended(ack);
  expect(terminalOf(events)?.data.data).toMatchObject({ error_type: 'bundle_crashed' });
  expect(events.filter(({ event }) => event === 'chat_start')).toHaveLength(1);
  expect(await rig.row(ack.turn_id)).toMatchObject({ status: 'failed', attempt });
});
