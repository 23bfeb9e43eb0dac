import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { RouterProvider } from '@tanstack/react-router';
import { StrictMode } from 'react';
import { I18nProvider } from 'react-aria-components';
import { createRoot } from 'react-dom/client';
import '../shared/tokens.css';
import '../shared/reset.css';
import { applyTheme } from '../shared/theme.ts';
import { locale } from '../shared/words/locale.ts';
import { router } from './router.tsx';

document.documentElement.lang = locale;
applyTheme();

const queries = new QueryClient({
  defaultOptions: {
    queries: {
      // The client has already repeated what may be repeated.
      retry: false,
      staleTime: 2_000,
      refetchOnWindowFocus: true,
    },
  },
});

createRoot(document.getElementById('root') as HTMLElement).render(
  <StrictMode>
    <I18nProvider locale={locale}>
      <QueryClientProvider client={queries}>
        <RouterProvider router={router} />
      </QueryClientProvider>
    </I18nProvider>
  </StrictMode>,
);
