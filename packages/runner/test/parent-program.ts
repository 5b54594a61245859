import { readFileSync } from 'node:fs';
import { record, startRunner, zoo } from './runner-fixture.ts';

// A proc in small, to be killed or stopped by a test: `sandbox message [selfFenceMs]`. Tells the pids of its hosts, bubblewrap's
// inner processes included.
const [sandbox = 'permission', message = 'wait', selfFenceMs = '60000'] = process.argv.slice(2);

function withChildren(pid: number): number[] {
  const below = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
  return [pid, ...(below === '' ? [] : below.split(' ').flatMap((child) => withChildren(Number(child))))];
}

const runner = await startRunner({
  sandbox: sandbox === 'bwrap' ? 'bwrap' : 'permission',
  selfFenceMs: Number(selfFenceMs),
});
if (message === 'idle') {
  await runner.invoke(zoo, record('stream 1'));
} else {
  const turn = record(message);
  runner.invoke(zoo, turn).catch(() => undefined);
  await turn.begun;
}
process.send?.(runner.snapshot().flatMap((host) => withChildren(host.pid)));
setInterval(() => undefined, 1000);
