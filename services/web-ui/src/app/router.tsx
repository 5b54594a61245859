import { Navigate, createRootRoute, createRoute, createRouter } from '@tanstack/react-router';
import { ChatPage } from '../chat/chat-page.tsx';
import { AppShell } from './app-shell.tsx';

const rootRoute = createRootRoute({
  component: AppShell,
  notFoundComponent: () => <Navigate to="/" replace />,
});

const newConversation = createRoute({
  getParentRoute: () => rootRoute,
  path: '/',
  component: function NewConversation() {
    return <ChatPage conversationId={undefined} />;
  },
});

const conversation = createRoute({
  getParentRoute: () => rootRoute,
  path: '/c/$conversationId',
  component: function Conversation() {
    return <ChatPage conversationId={conversation.useParams().conversationId} />;
  },
});

export function createPageRouter() {
  return createRouter({
    routeTree: rootRoute.addChildren([newConversation, conversation]),
    defaultPreload: false,
  });
}

declare module '@tanstack/react-router' {
  interface Register {
    router: ReturnType<typeof createPageRouter>;
  }
}
