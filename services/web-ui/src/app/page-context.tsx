import { createContext, use } from 'react';
import type { PageServices } from './page-services.ts';

export const PageContext = createContext<PageServices | undefined>(undefined);

export function usePage(): PageServices {
  const services = use(PageContext);
  if (services === undefined) throw new Error('outside of PageContext');
  return services;
}
