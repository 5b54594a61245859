import type { Route } from '@switchyard/http';
import { createAuditRoutes } from './audit-routes.ts';
import type { AuditRouteParts } from './audit-routes.ts';
import { createDeadLetterRoutes } from './dead-letter-routes.ts';
import type { DeadLetterRouteParts } from './dead-letter-routes.ts';
import { createPeopleRoutes } from './people-routes.ts';
import type { PeopleRouteParts } from './people-routes.ts';
import { createAdminSignInRoutes } from './sign-in-routes.ts';
import type { AdminSignInParts } from './sign-in-routes.ts';
import { createSigningKeyRoutes } from './signing-key-routes.ts';
import type { SigningKeyRouteParts } from './signing-key-routes.ts';
import { createUserRoutes } from './user-routes.ts';
import type { UserRouteParts } from './user-routes.ts';
import { createUsageRoutes } from './usage-routes.ts';
import type { UsageRouteParts } from './usage-routes.ts';
import { createLimitRoutes } from './limit-routes.ts';
import type { LimitRouteParts } from './limit-routes.ts';
import { createQueueRoutes } from './queue-routes.ts';
import type { QueueRouteParts } from './queue-routes.ts';

/** The platform's half of administration (03 §7); bundles are administered at chat-proc. */
export function createAdminRoutes(
  parts: QueueRouteParts &
    DeadLetterRouteParts &
    PeopleRouteParts &
    LimitRouteParts &
    AuditRouteParts &
    AdminSignInParts &
    UserRouteParts &
    SigningKeyRouteParts &
    UsageRouteParts,
): Route[] {
  return [
    ...createQueueRoutes(parts),
    ...createDeadLetterRoutes(parts),
    ...createPeopleRoutes(parts),
    ...createAdminSignInRoutes(parts),
    ...createUserRoutes(parts),
    ...createSigningKeyRoutes(parts),
    ...createLimitRoutes(parts),
    ...createAuditRoutes(parts),
    ...createUsageRoutes(parts),
  ];
}
