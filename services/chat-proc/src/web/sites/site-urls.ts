/** Of a host name (RFC 1035); a longer one is no name to a browser. */
const MAX_LABEL = 63;

export interface SiteUrls {
  /** Of a path of the site, without its first slash; of one deploy where one is named. */
  of(alias: string, path: string, deployId?: string): string;
}

/** @param template with `{site}`; empty: below `/sites/` of `publicUrl` */
export function createSiteUrls(template: string, publicUrl: string): SiteUrls {
  return {
    of(alias, path, deployId) {
      const encoded = path.split('/').map(encodeURIComponent).join('/');
      const name = deployId === undefined ? alias : `${deployId}--${alias}`;
      if (template === '' || name.length > MAX_LABEL) {
        const shared = deployId === undefined ? alias : `${alias}@${deployId}`;
        return `${publicUrl.replace(/\/$/u, '')}/sites/${shared}/${encoded}`;
      }
      return `${template.replace('{site}', name).replace(/\/$/u, '')}/${encoded}`;
    },
  };
}
