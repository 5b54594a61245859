import { expect, test } from 'vitest';
import { Scope, openScoped } from './scope.ts';

test('closers run last first', async () => {
  const order: string[] = [];
  const scope = new Scope();
  await scope.use('a', () => order.push('a'));
  await scope.use(Promise.resolve('b'), () => order.push('b'));
  scope.defer(() => order.push('c'));
  await scope.close();
  expect(order).toEqual(['c', 'b', 'a']);
});

test('a closer that fails does not keep the others from running', async () => {
  const order: string[] = [];
  const scope = new Scope();
  scope.defer(() => order.push('first'));
  scope.defer(() => {
    throw new Error('second fails');
  });
  await expect(scope.close()).rejects.toThrow(AggregateError);
  expect(order).toEqual(['first']);
});

test('closing twice runs the closers once', async () => {
  let count = 0;
  const scope = new Scope();
  scope.defer(() => (count += 1));
  await Promise.all([scope.close(), scope.close()]);
  expect(count).toBe(1);
});

test('what opens after the scope closed is closed at once', async () => {
  const scope = new Scope();
  let closed = false;
  const late = scope.use(Promise.resolve('late'), () => (closed = true));
  await scope.close();
  await late.catch(() => undefined);
  expect(closed).toBe(true);
});

test('half a start is closed before the error goes on', async () => {
  const order: string[] = [];
  const opening = openScoped(async (scope) => {
    await scope.use('redis', () => order.push('redis closed'));
    throw new Error('postgres is down');
  });
  await expect(opening).rejects.toThrow('postgres is down');
  expect(order).toEqual(['redis closed']);
});
