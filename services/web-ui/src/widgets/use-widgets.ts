import type { WidgetList } from '@switchyard/protocol';
import { useQuery } from '@tanstack/react-query';
import { usePage } from '../app/page-context.tsx';
import { queryKeys } from '../app/query-keys.ts';

export type WidgetEntry = WidgetList['widgets'][number];

const NONE: readonly WidgetEntry[] = [];

/** The widgets of a bundle that this reader may see. None while it is not known. `version` makes a switch show. */
export function useWidgets(
  bundleId: string | undefined,
  version: string | null | undefined,
): readonly WidgetEntry[] {
  const { client } = usePage();
  const query = useQuery({
    queryKey: [...queryKeys.widgets, bundleId, version],
    queryFn: ({ signal }) => client.bundleCalls.widgets(bundleId ?? '', signal),
    enabled: bundleId !== undefined,
    staleTime: 60_000,
  });
  return query.data?.widgets ?? NONE;
}
