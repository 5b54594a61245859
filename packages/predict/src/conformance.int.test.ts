import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openBench } from '../test/conformance/bench.ts';
import type { Bench } from '../test/conformance/bench.ts';
import { readCases } from '../test/conformance/case.ts';
import type { Case } from '../test/conformance/case.ts';
import { runCase } from '../test/conformance/run-case.ts';
import { KINDS, serveFixture, serveProcedures } from '../test/serve-fixture.ts';
import type { Kind } from '../test/serve-fixture.ts';
import type { PredictServer } from './index.ts';

const cases = await readCases();
const named = (one: Case, kind: Kind): Case =>
  JSON.parse(JSON.stringify(one).replaceAll('KIND', kind)) as Case;

let bench: Bench;
// One server for all cases that want the same; those with settings have one of their own.
const servers = new Map<string, Promise<PredictServer>>();
beforeAll(async () => {
  bench = await openBench();
});
afterAll(async () => {
  const all = await Promise.all(servers.values());
  await Promise.all(all.map((server) => server.close(0)));
  await bench.close();
});

function serverFor({ predictor, settings }: Case, kind: Kind): Promise<PredictServer> {
  const key = JSON.stringify([kind, predictor, settings]);
  const places = JSON.stringify(settings ?? {}).replaceAll(
    /\{\{(\w+)\}\}/gu,
    (_, name: string) => bench.places[name] ?? '',
  );
  const config = JSON.parse(places) as object;
  const found =
    servers.get(key) ??
    (predictor === 'procedures'
      ? serveProcedures(config, 2500)
      : serveFixture(kind, predictor, config, 2500));
  servers.set(key, found);
  return found;
}

describe.for(KINDS)('written in %s', (kind) => {
  const own = cases.filter(({ kinds = KINDS }) => kinds.includes(kind));
  test.for(own)('$name', { timeout: 60_000 }, async (one) => {
    const mine = named(one, kind);
    const server = await serverFor(mine, kind);
    await runCase(mine, server.url, bench);
  });
});

test('a server that answers 200 {} passes no case', { timeout: 60_000 }, async () => {
  const stub = createServer((_req, res) =>
    res.writeHead(200, { 'content-type': 'application/json' }).end('{}'),
  );
  await new Promise<void>((resolve) => void stub.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(stub.address() as AddressInfo).port}`;
  // Nothing will ever fit: not waited for.
  const impatient = cases.map((one) => ({
    ...one,
    steps: one.steps.map((step) => ({ ...step, poll: false })),
  }));
  const passed = await Promise.all(
    impatient.map((one) =>
      runCase(one, url, bench).then(
        () => one.name,
        () => undefined,
      ),
    ),
  );
  stub.closeAllConnections();
  stub.close();
  expect(cases.length).toBeGreaterThan(80);
  expect(passed.filter((name) => name !== undefined)).toEqual([]);
});
