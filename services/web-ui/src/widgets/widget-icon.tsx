import { Suspense, lazy } from 'react';
import type { ComponentType, ReactNode } from 'react';

const IconOfSet = lazy(async () => ({ default: (await import('./icon-of-set.tsx')).IconOfSet }));

/** A widget's icon, by the name that its bundle gave. `children` without one, for a name that is none of ours, and until it is there. */
export function WidgetIcon({
  name,
  size,
  children = null,
}: {
  name: string | undefined;
  size: number;
  children?: ReactNode;
}) {
  if (name === undefined) return children;
  return (
    <Suspense fallback={children}>
      <IconOfSet name={name} size={size}>
        {children}
      </IconOfSet>
    </Suspense>
  );
}
