const SCOPE = 'tenant = $1 and project = $2';

// Of 64 bits the driver makes text.
const SITE = `select s.alias, s.owner, s.active_deploy, s.settings, s.version::int as version, s.created_at, s.updated_at,
    coalesce((select array_agg(h.host order by h.host) from web_host h
      where h.tenant = s.tenant and h.project = s.project and h.alias = s.alias), '{}') as hosts
  from web_site s where s.tenant = $1 and s.project = $2`;
export const FIND_SITE = { name: 'webSite.find', text: `${SITE} and s.alias = $3` };
export const FIND_BY_HOST = {
  name: 'webSite.findByHost',
  text: `${SITE} and s.alias = (select alias from web_host where ${SCOPE} and host = $3)`,
};
export const LIST_SITES = {
  name: 'webSite.list',
  text: `${SITE} and s.alias > $3 order by s.alias limit $4`,
};
export const CREATE_SITE = {
  name: 'webSite.create',
  text: `insert into web_site (tenant, project, alias, owner) values ($1, $2, $3, $4)
    on conflict (tenant, project, alias) do nothing returning alias`,
};
export const CHANGE_SITE = {
  name: 'webSite.change',
  text: `update web_site set settings = coalesce($4::jsonb, settings), version = version + 1, updated_at = now()
    where ${SCOPE} and alias = $3 and ($5::bigint is null or version = $5) returning alias`,
};
export const CLEAR_HOSTS = {
  name: 'webHost.clear',
  text: `delete from web_host where ${SCOPE} and alias = $3`,
};
export const ADD_HOSTS = {
  name: 'webHost.add',
  text: `insert into web_host (tenant, project, alias, host) select $1, $2, $3, unnest($4::text[])`,
};
export const REMOVE_SITE = {
  name: 'webSite.remove',
  text: `delete from web_site where ${SCOPE} and alias = $3 returning alias`,
};

export const ADD_DEPLOY = {
  name: 'webDeploy.add',
  text: `insert into web_deploy (tenant, project, alias, deploy_id, manifest, blobs, files, bytes, created_by)
    values ($1, $2, $3, $4, $5::jsonb, $6, $7, $8, $9)`,
};
const DEPLOY = `d.deploy_id, d.files, d.bytes, d.problems, d.created_by, d.created_at, d.activated_at,
  exists (select 1 from web_site s where s.tenant = d.tenant and s.project = d.project and s.alias = d.alias
    and s.active_deploy = d.deploy_id) as is_active`;
const OF_SITE = 'd.tenant = $1 and d.project = $2 and d.alias = $3';
export const FIND_DEPLOY = {
  name: 'webDeploy.find',
  text: `select ${DEPLOY}, d.manifest, d.plan, d.planned_by from web_deploy d where ${OF_SITE} and d.deploy_id = $4`,
};
export const LIST_DEPLOYS = {
  name: 'webDeploy.list',
  text: `select ${DEPLOY} from web_deploy d where ${OF_SITE} order by d.seq desc limit $4`,
};
export const FORMER_DEPLOY = {
  name: 'webDeploy.former',
  text: `select d.deploy_id from web_deploy d where ${OF_SITE} and d.retired_at is not null
    order by d.retired_at desc limit 1`,
};
// Each deploy says all of its files: what is still there is left out here, so that a day of small changes to a large site brings only what
// they took away. `before`: files of the deploys after this one, for the bound; the last one is looked at however large it is.
export const RETIRED_FILES = {
  name: 'webDeploy.retiredFiles',
  text: `with retired as (
      select d.manifest, d.retired_at, sum(d.files) over (order by d.retired_at desc, d.seq desc) - d.files as before
      from web_deploy d where ${OF_SITE} and d.retired_at > now() - make_interval(secs => $4)),
    present as materialized (
      select jsonb_object_keys(d.manifest) as path from web_deploy d where ${OF_SITE} and d.deploy_id = $5)
    select distinct on (f.path) f.path, f.file, r.retired_at
    from retired r cross join lateral jsonb_each(r.manifest) f (path, file)
    where (r.before = 0 or r.before < $6) and not exists (select 1 from present p where p.path = f.path)
    order by f.path, r.retired_at desc`,
};
// The row of the site is locked first: of two that activate at the same time the second sees what the first one left.
export const ACTIVATE = {
  name: 'webDeploy.activate',
  text: `with site as (select active_deploy from web_site where ${SCOPE} and alias = $3 for update),
    allowed as (
      select site.active_deploy as former from site
      where ($5::boolean or site.active_deploy is not distinct from $6)
        and exists (select 1 from web_deploy d where ${OF_SITE} and d.deploy_id = $4)),
    retired as (
      update web_deploy d set retired_at = now() from allowed
      where ${OF_SITE} and d.deploy_id = allowed.former and d.deploy_id <> $4),
    started as (
      update web_deploy d set activated_at = now(), retired_at = null from allowed where ${OF_SITE} and d.deploy_id = $4)
    update web_site s set active_deploy = $4, updated_at = now() from allowed
      where s.tenant = $1 and s.project = $2 and s.alias = $3 returning s.alias`,
};
export const KEEP_PLAN = {
  name: 'webDeploy.keepPlan',
  text: `update web_deploy d set plan = $5::jsonb, planned_by = $6, problems = $7::jsonb
    where ${OF_SITE} and d.deploy_id = $4 and d.planned_by is distinct from $6`,
};
export const PRUNE = {
  name: 'webDeploy.prune',
  text: `delete from web_deploy d using (
      select alias, deploy_id, row_number() over (partition by alias order by seq desc) as age
      from web_deploy where ${SCOPE}) ranked
    where d.tenant = $1 and d.project = $2 and d.alias = ranked.alias and d.deploy_id = ranked.deploy_id and ranked.age > $3
      and (d.retired_at is null or d.retired_at < now() - make_interval(secs => $4))
      and not exists (select 1 from web_site s where s.tenant = d.tenant and s.project = d.project and s.alias = d.alias
        and s.active_deploy = d.deploy_id)
    returning d.deploy_id`,
};
