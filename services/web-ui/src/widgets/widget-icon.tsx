import { Suspense, lazy } from 'react';
import type { ComponentType, ReactNode } from 'react';

interface IconProps {
  readonly name: string;
  readonly size: number;
  readonly children: ReactNode;
}

const NoIcon = ({ children }: IconProps): ReactNode => children;

/** After an update of the server the icons that this page knows may be gone: the widget's name still stands there. */
const IconOfSet = lazy<ComponentType<IconProps>>(() =>
  import('./icon-of-set.tsx').then(
    (loaded) => ({ default: loaded.IconOfSet }),
    () => ({ default: NoIcon }),
  ),
);

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
