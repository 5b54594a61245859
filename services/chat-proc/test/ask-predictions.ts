import { expect, vi } from 'vitest';

export const PATIENT = { timeout: 60_000, interval: 50 };

export interface View {
  readonly id: string;
  readonly status: string;
  readonly output: unknown;
  readonly error: string | null;
  readonly logs: string;
}

export type Ask = (
  where: string,
  asked?: { method?: string; body?: unknown; headers?: Record<string, string> },
) => Promise<Response>;

/** What a caller with one token asks one worker for its oracle. */
export function askAt(port: number, token: string | undefined, at: { tenant: string; project: string }): Ask {
  return askUnder(`http://127.0.0.1:${port}/api/integrations/bundles/${at.tenant}/${at.project}`, token);
}

/** The same below any address. */
export function askUnder(base: string, token: string | undefined): Ask {
  return (where, { method, body, headers = {} } = {}) =>
    fetch(`${base}${where}`, {
      method: method ?? (body === undefined ? 'GET' : 'POST'),
      headers: {
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
}

export const ASYNC = { prefer: 'respond-async' };
export const json = async (response: Response): Promise<View> => (await response.json()) as View;

/** The predictions of one bundle, as one caller sees them. */
export function viewsAt(predictions: string) {
  const view = async (ask: Ask, id: string): Promise<View> => json(await ask(`${predictions}/${id}`));
  return {
    view,
    async ended(ask: Ask, id: string): Promise<View> {
      await vi.waitFor(
        async () => expect((await view(ask, id)).status).toMatch(/^(succeeded|failed|canceled)$/u),
        PATIENT,
      );
      return view(ask, id);
    },
  };
}

export function framesOf(stream: string): { id: number; event: string; data: Record<string, unknown> }[] {
  return stream
    .split('\n\n')
    .filter((frame) => frame.includes('event: '))
    .map((frame) => {
      const field = (name: string) => new RegExp(`^${name}: (.*)$`, 'mu').exec(frame)?.[1] ?? '';
      return {
        id: Number(field('id')),
        event: field('event'),
        data: JSON.parse(field('data')) as Record<string, unknown>,
      };
    });
}
