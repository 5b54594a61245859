import { createContext, use } from 'react';

/** Which answer's sources are open, and which of them was asked for. */
export interface ShownSources {
  turnId: string;
  citationId?: number | undefined;
}

export interface Sources {
  shown: ShownSources | undefined;
  show(sources: ShownSources | undefined): void;
}

export const SourcesContext = createContext<Sources>({ shown: undefined, show: () => undefined });

export function useSources(): Sources {
  return use(SourcesContext);
}
