import { createContext, use } from 'react';

export interface Shell {
  openDrawer(): void;
  openSearch(): void;
}

export const ShellContext = createContext<Shell>({
  openDrawer: () => undefined,
  openSearch: () => undefined,
});

export function useShell(): Shell {
  return use(ShellContext);
}
