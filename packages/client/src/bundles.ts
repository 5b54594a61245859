import type { WidgetList, WidgetTicket } from '@switchyard/protocol';
import type { Scope } from './conversations.ts';
import type { Requester } from './request.ts';

export interface CallOptions {
  readonly method?: 'GET' | 'POST';
  readonly conversationId?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** What bundles offer beside answers. */
export interface BundleCalls {
  /** The widgets that the caller may see. */
  widgets(bundleId: string, signal?: AbortSignal): Promise<WidgetList>;
  /** The address of a widget's page, for a sandboxed frame; good for ten minutes. */
  widgetTicket(bundleId: string, alias: string): Promise<WidgetTicket>;
  /** What the operation returned. Rejects with ApiError. An operation that answers with a file or a page gives its text. */
  call(bundleId: string, operation: string, input: unknown, options?: CallOptions): Promise<unknown>;
}

const segment = encodeURIComponent;

export function createBundleCalls(requester: Requester, scopeOf: () => Promise<Scope>): BundleCalls {
  async function base(bundleId: string): Promise<string> {
    const { tenant, project } = await scopeOf();
    return `/api/integrations/bundles/${segment(tenant)}/${segment(project)}/${segment(bundleId)}`;
  }

  return {
    widgets: async (bundleId, signal) => requester.json(`${await base(bundleId)}/widgets`, { signal }),
    widgetTicket: async (bundleId, alias) =>
      requester.json(`${await base(bundleId)}/widgets/${segment(alias)}/ticket`, { method: 'POST' }),
    async call(bundleId, operation, input, { method = 'POST', conversationId, signal } = {}) {
      const path = `${await base(bundleId)}/operations/${segment(operation)}`;
      const about = { conversation_id: conversationId };
      const response = await requester.open(
        path,
        method === 'GET'
          ? { method, query: { ...queryOf(input), ...about }, signal }
          : { method, body: { data: input, ...about }, signal },
      );
      if (!(response.headers.get('content-type') ?? '').includes('application/json')) return response.text();
      const answer: unknown = await response.json();
      return isAnswer(answer) && operation in answer ? answer[operation] : answer;
    },
  };
}

function isAnswer(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && 'status' in value && value.status === 'ok';
}

/** The input of a GET is its query, which has words only. */
function queryOf(input: unknown): Record<string, string> {
  if (typeof input !== 'object' || input === null) return {};
  const words = Object.entries(input).flatMap(([name, value]: [string, unknown]) => {
    if (value === undefined || value === null) return [];
    return [[name, typeof value === 'string' ? value : JSON.stringify(value)]];
  });
  return Object.fromEntries(words) as Record<string, string>;
}
