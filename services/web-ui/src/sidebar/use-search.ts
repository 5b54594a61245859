import type { SearchAnswer } from '@switchyard/protocol';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { usePage } from '../app/page-context.tsx';
import { useProfile } from '../app/queries.ts';

/** The server is asked when the reader pauses, not at every letter. */
const PAUSE_MS = 180;

export interface Search {
  hits: SearchAnswer['hits'];
  isPending: boolean;
  isError: boolean;
}

export function useSearch(typed: string): Search {
  const { client } = usePage();
  const [query, setQuery] = useState('');
  useEffect(() => {
    const timer = setTimeout(() => setQuery(typed.trim()), PAUSE_MS);
    return () => clearTimeout(timer);
  }, [typed]);
  // A guest's conversations are not searched by the server: their titles are, here.
  const isGuest = useProfile().data?.user_type === 'ANONYMOUS';
  const isWanted = query.length > 1 && !isGuest;
  const result = useQuery({
    queryKey: ['search', query],
    queryFn: ({ signal }) => client.conversations.search(query, { limit: 12, signal }),
    enabled: isWanted,
    placeholderData: keepPreviousData,
  });
  const isPending = !isGuest && typed.trim().length > 1 && (typed.trim() !== query || result.isFetching);
  return { hits: isWanted ? (result.data?.hits ?? []) : [], isPending, isError: result.isError && isWanted };
}
