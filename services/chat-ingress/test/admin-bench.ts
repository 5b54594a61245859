import { expect } from 'vitest';
import { ingressTest } from './ingress-fixture.ts';
import type { IngressBench } from './ingress-fixture.ts';

export type Body = Record<string, unknown>;

export interface List {
  items: Body[];
  next_before?: number | null;
}

/** A test with an administrator beside the ingress. */
export const adminTest = ingressTest.extend<{ admin: Admin }>({
  admin: async ({ ingress }, use) => use(await createAdmin(ingress)),
});

export interface Admin {
  get<T = Body>(path: string): Promise<T>;
  send(method: string, path: string): Promise<Response>;
}

export async function createAdmin(ingress: IngressBench): Promise<Admin> {
  const token = await ingress.tokenFor('root', 'privileged');
  const send = (method: string, path: string) =>
    ingress.call(method, path, { token, headers: { 'user-agent': 'admin-test' } });
  const get = async <T>(path: string) => {
    const answer = await send('GET', path);
    expect(answer.status, path).toBe(200);
    return (await answer.json()) as T;
  };
  return { get, send };
}
