import path from 'node:path';
import { expect, test } from 'vitest';
import { createPathMask } from './path-mask.ts';

test('folders of this machine are named by what they are, in traces of both kinds', () => {
  const mask = createPathMask('/srv/models/one', '/tmp/host-1');
  expect(mask('  File "/srv/models/one/predict.py", line 3, in predict')).toBe(
    '  File "./predict.py", line 3, in predict',
  );
  expect(mask('at predict (file:///srv/models/one/predict.ts:3:1)')).toBe('at predict (./predict.ts:3:1)');
  expect(mask('No such file: /tmp/host-1/tmp/x')).toBe('No such file: <host>/tmp/x');
  const own = path.resolve(import.meta.dirname, '../../bundle-sdk/src/run-predict.ts');
  expect(mask(`at run (file://${own}:1:1)`)).toBe(
    'at run (<switchyard>/packages/bundle-sdk/src/run-predict.ts:1:1)',
  );
});

test('a predictor that lies inside the platform is named by its own folder', () => {
  const dir = path.join(import.meta.dirname, '../test/predictors/py/echo');
  expect(createPathMask(dir)(`${dir}/predict.py`)).toBe('./predict.py');
});
