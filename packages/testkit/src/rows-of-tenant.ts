import type { Sql } from '@switchyard/store';

/** Every row of every table that is of one tenant, as text, in a fixed order: to see whether anything of it has changed. */
export async function rowsOfTenant(sql: Pick<Sql, 'query'>, tenant: string): Promise<string[]> {
  const tables = await sql.query<{ name: string }>({
    text: `select table_name as name from information_schema.columns
      where table_schema = 'public' and column_name = 'tenant' order by 1`,
  });
  const rows: string[] = [];
  for (const { name } of tables) {
    const found = await sql.query<{ row: string }>({
      text: `select t::text as row from "${name}" t where tenant = $1 order by 1`,
      values: [tenant],
    });
    rows.push(...found.map(({ row }) => `${name} ${row}`));
  }
  return rows;
}
