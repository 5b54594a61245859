import { ApiError } from '@switchyard/client';
import type {
  BundleSummary,
  ConversationItem,
  ConversationList,
  FrontendConfig,
  Profile,
} from '@switchyard/protocol';
import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import type { InfiniteData } from '@tanstack/react-query';
import { guestListOf } from './list-cache.ts';
import { usePage } from './page-context.tsx';
import { queryKeys } from './query-keys.ts';

/** A refusal stays one; what may pass is tried again. */
function retryTransient(failures: number, error: Error): boolean {
  return failures < 3 && error instanceof ApiError && error.isTransient;
}

const PAGE_SIZE = 60;

/** Who is there. The first request of the page, alone: it may set the cookie that makes the later ones the same guest. */
export function useProfile() {
  const { client } = usePage();
  return useQuery<Profile>({
    queryKey: queryKeys.profile,
    queryFn: ({ signal }) => client.profile(signal),
    staleTime: Infinity,
    retry: true,
    retryDelay: (failures) => Math.min(8_000, 500 * 2 ** failures),
  });
}

export function useConfig(): FrontendConfig | undefined {
  const { client } = usePage();
  return useQuery({
    queryKey: queryKeys.config,
    queryFn: () => client.config(),
    staleTime: Infinity,
    retry: retryTransient,
  }).data;
}

export interface Bundles {
  all: readonly BundleSummary[];
  byId(bundleId: string | undefined): BundleSummary | undefined;
  usual: BundleSummary | undefined;
  isReady: boolean;
  /** Asks again: what was registered meanwhile is there, too. */
  reread(): void;
}

export function useBundles(): Bundles {
  const { client } = usePage();
  const query = useQuery({
    queryKey: queryKeys.bundles,
    queryFn: () => client.bundles(),
    staleTime: 60_000,
    retry: retryTransient,
  });
  const all = query.data?.bundles ?? [];
  const usual =
    all.find((bundle) => bundle.bundle_id === query.data?.default_bundle_id) ?? all.find((b) => b.is_default);
  return {
    all,
    usual,
    isReady: !query.isPending,
    byId: (bundleId) => all.find((bundle) => bundle.bundle_id === bundleId),
    reread: () => void query.refetch(),
  };
}

export interface ConversationListState {
  items: readonly ConversationItem[];
  isPending: boolean;
  isError: boolean;
  hasMore: boolean;
  readMore(): void;
  reread(): void;
}

export function useConversationList(): ConversationListState {
  const { client, queries } = usePage();
  const query = useInfiniteQuery<
    ConversationList,
    Error,
    InfiniteData<ConversationList>,
    readonly string[],
    string | undefined
  >({
    queryKey: queryKeys.list,
    initialPageParam: undefined,
    queryFn: async ({ pageParam, signal }) =>
      guestListOf(queries)?.read() ??
      client.conversations.list({ lastN: PAGE_SIZE, cursor: pageParam, signal }),
    getNextPageParam: (page) => page.next_cursor ?? undefined,
  });
  return {
    items: query.data?.pages.flatMap((page) => page.items) ?? [],
    isPending: query.isPending,
    isError: query.isError,
    hasMore: query.hasNextPage,
    readMore: () => void query.fetchNextPage(),
    reread: () => void query.refetch(),
  };
}
