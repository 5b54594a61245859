import { readRouteRows } from '@switchyard/testkit';
import type { RouteRow, StackFixture } from '@switchyard/testkit';

const SERVICES = ['chat-ingress', 'chat-proc'] as const;

/** The route tables of the services that clients reach, without the health of each. */
export const readRoutes = async (stack: StackFixture): Promise<RouteRow[]> => {
  const tables = SERVICES.map((service) => readRouteRows(`http://127.0.0.1:${stack.ports[service]}`));
  return (await Promise.all(tables)).flat();
};
