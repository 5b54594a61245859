import { serveFolder } from './serve-fixture.ts';

// A server of predictions that was itself started with more than its three descriptors: `folder sandbox`. Tells what its predictor answers.
const [folder = '', sandbox] = process.argv.slice(2);
const READY_MS = 60_000;

const pythonSandbox = { bwrapPath: 'bwrap', sharesNetwork: false, hasProc: true };
const server = await serveFolder(folder, sandbox === 'bwrap' ? { pythonSandbox } : {});
const began = performance.now();
for (;;) {
  const response = await fetch(`${server.url}/health-check`);
  const { status } = (await response.json()) as { status: string };
  if (status === 'READY') break;
  if (performance.now() - began > READY_MS) throw new Error(`the predictor is ${status}`);
  await new Promise((resolve) => setTimeout(resolve, 50));
}
const answered = await fetch(`${server.url}/predictions`, {
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: '{"input":{}}',
});
process.stdout.write(await answered.text());
await server.close();
