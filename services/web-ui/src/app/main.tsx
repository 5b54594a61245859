import { QueryClientProvider } from '@tanstack/react-query';
import { RouterProvider } from '@tanstack/react-router';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import '../styles/app.css';
import { PageContext } from './page-context.tsx';
import { createPageServices, listenToPage } from './page-services.ts';
import { createPageRouter } from './router.tsx';

const services = createPageServices();
listenToPage(services);
const router = createPageRouter();
const root = document.getElementById('root');
if (root === null) throw new Error('index.html has no #root');

createRoot(root).render(
  <StrictMode>
    <PageContext value={services}>
      <QueryClientProvider client={services.queries}>
        <RouterProvider router={router} />
      </QueryClientProvider>
    </PageContext>
  </StrictMode>,
);
