export {
  dynamicRouteSchema,
  servedSiteSchema,
  siteAccessSchema,
  siteAliasSchema,
  siteCorsSchema,
  siteHostSchema,
  siteSettingsSchema,
} from './site.ts';
export type { DynamicRoute, ServedSite, SiteAccess, SiteCors, SiteSettings } from './site.ts';
