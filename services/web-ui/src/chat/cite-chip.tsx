import type { Citation } from '@switchyard/protocol';
import type { Element } from 'hast';
import { createContext, use } from 'react';
import { useSources } from './sources-context.tsx';

/** The sources of the answer that a chip stands in. */
export const CitationsContext = createContext<{ turnId: string; citations: readonly Citation[] }>({
  turnId: '',
  citations: [],
});

interface SupProps {
  node?: Element | undefined;
  children?: React.ReactNode;
}

/** `[2]` as a chip that opens its source; as the plain text it was when there is no such source; else superscript. */
export function CiteChip({ node, children }: SupProps) {
  const { turnId, citations } = use(CitationsContext);
  const { shown, show } = useSources();
  const cite = node?.properties['dataCite'];
  if (typeof cite !== 'string') return <sup>{children}</sup>;
  const source = citations.find((citation) => citation.id === Number(cite));
  if (source === undefined) return <>{` [${cite}]`}</>;
  const isShown = shown?.turnId === turnId && shown.citationId === source.id;
  return (
    <button
      type="button"
      className="cite"
      aria-expanded={isShown}
      aria-label={`${cite}: ${source.title}`}
      title={source.title}
      onClick={() => show(isShown ? undefined : { turnId, citationId: source.id })}
    >
      {cite}
    </button>
  );
}
