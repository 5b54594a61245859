import { cp, mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { openBench, readCases, runCase } from '@switchyard/predict/testing';
import type { Case, Step } from '@switchyard/predict/testing';
import { expect } from 'vitest';
import { ACTOR_DIR, procTest as test } from '../../test/proc-rig.ts';

const PREDICTORS = path.join(import.meta.dirname, '../../../../packages/predict/test/predictors');
const KINDS = ['ts', 'py'] as const;
type Kind = (typeof KINDS)[number];
const LIMIT = { timeout: 600_000 };

/**
 * What the platform has otherwise, by decision 0053: health, schema and shutdown are the platform's own, so are the places of a bundle;
 * files of outputs are not uploaded; webhooks have no token of an operator.
 */
const NOT_OURS =
  /health|openapi|shutdown|uploads|already running|\{\{uploads\}\}|authorization|output_file_prefix/u;
const isReadyPoll = ({ send, poll }: Step) => poll === true && send?.path === '/health-check';

/** The case as it is asked of a bundle; undefined where its rows are not the platform's. */
function ofBundle(one: Case, kind: Kind, headers: Record<string, string>): Case | undefined {
  const { predictor, settings, kinds = KINDS } = one;
  const steps = one.steps.filter((step) => !isReadyPoll(step));
  const paths = steps.flatMap(({ send }) => (send === undefined ? [] : [send.path]));
  if (!kinds.includes(kind) || settings !== undefined || predictor === 'broken') return undefined;
  if (steps.length === 0 || NOT_OURS.test(JSON.stringify(steps))) return undefined;
  if (!paths.every((asked) => /^\/predictions(\/|$)/u.test(asked))) return undefined;
  const asked = steps.map((step) =>
    step.send === undefined
      ? step
      : {
          ...step,
          send: {
            ...step.send,
            path: `/${predictor}${step.send.path}`,
            headers: { ...step.send.headers, ...headers },
          },
        },
  );
  return { ...one, steps: asked };
}

/** The case as it is asked of the platform's procedures: sources are archives, what a server has at its root lies beside them. */
function ofProcedures(one: Case, kind: Kind, headers: Record<string, string>): Case | undefined {
  if (one.predictor !== 'procedures' || one.settings !== undefined) return undefined;
  const text = JSON.stringify(one.steps)
    .replaceAll(`{{sources}}/${kind}/../../conformance`, '{{archives}}/none.tgz')
    .replaceAll(/\{\{sources\}\}\/([\w/-]+)/gu, '{{archives}}/$1.tgz')
    .replaceAll(/"path":"\/(health-check|openapi\.json)"/gu, '"path":"/procedures/$1"');
  const steps = (JSON.parse(text) as Step[])
    // Its root is the platform's.
    .filter(({ send }) => send?.path.startsWith('/procedures') === true)
    .map(({ send, ...step }) => ({
      ...step,
      ...(send === undefined ? {} : { send: { ...send, headers: { ...send.headers, ...headers } } }),
    }));
  return steps.length === 0 ? undefined : { ...one, steps };
}

async function shipPredictor(bundlesDir: string, kind: Kind, name: string): Promise<void> {
  const dir = path.join(bundlesDir, name);
  await mkdir(dir, { recursive: true });
  const source = path.join(PREDICTORS, kind, name);
  if (kind === 'py' || name === 'overlap') return cp(source, dir, { recursive: true });
  await cp(path.join(source, 'predict.ts'), path.join(dir, 'predict.ts'));
  await writeFile(
    path.join(dir, 'bundle.ts'),
    `import { defineBundle } from '@switchyard/bundle-sdk';
import predict from './predict.ts';
export default defineBundle({ id: '${name}', name: '${name}', predict });
`,
  );
}

test.for(KINDS)(
  'the cases of the surface hold for bundles in the platform, in %s',
  LIMIT,
  async (kind, { rig, redis }) => {
    const bench = await openBench();
    const { port: benchPort } = bench;
    await rig.ship(ACTOR_DIR);
    const both = ['echo', 'steps', 'control', 'files', 'overlap'];
    for (const name of kind === 'py' ? [...both, 'runner'] : both)
      await shipPredictor(rig.bundlesDir, kind, name);
    // The bench names itself by its address.
    const { port } = await rig.start({
      httpPrivateHosts: `127.0.0.1:${benchPort}`,
      anonymousAllowed: 'false',
    });
    const headers = { authorization: `Bearer ${await rig.token('privileged')}` };
    const url = `http://127.0.0.1:${port}/api/integrations/bundles/${redis.tenant}/${redis.project}`;
    const cases = (await readCases()).flatMap((one) => {
      const named = JSON.parse(JSON.stringify(one).replaceAll('KIND', kind)) as Case;
      return ofBundle(named, kind, headers) ?? [];
    });
    const failures: string[] = [];
    for (const one of cases)
      await runCase(one, url, bench).catch((error: unknown) =>
        failures.push(`${one.name}: ${(error as Error).message}`),
      );
    await bench.close();
    expect(failures).toEqual([]);
    expect(cases.length).toBeGreaterThan(40);
  },
);

test.for(KINDS)('the cases of procedures hold in the platform, in %s', LIMIT, async (kind, { rig }) => {
  const bench = await openBench();
  await rig.ship(ACTOR_DIR);
  const { port } = await rig.start({
    httpPrivateHosts: `127.0.0.1:${bench.port}`,
    procedureRoles: 'kdcube:role:admin',
    procedurePlaces: '8',
  });
  const headers = { authorization: `Bearer ${await rig.token('privileged')}` };
  const cases = (await readCases()).flatMap((one) => {
    const named = JSON.parse(JSON.stringify(one).replaceAll('KIND', kind)) as Case;
    return ofProcedures(named, kind, headers) ?? [];
  });
  const failures: string[] = [];
  for (const one of cases)
    await runCase(one, `http://127.0.0.1:${port}`, bench).catch((error: unknown) =>
      failures.push(`${one.name}: ${(error as Error).message}`),
    );
  await bench.close();
  expect(failures).toEqual([]);
  expect(cases.length).toBeGreaterThan(12);
});
