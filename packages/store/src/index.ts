export { openStore } from './open-store.ts';
export type { Store, StoreOptions } from './open-store.ts';
export type { Sql, Statement } from './sql.ts';
export { cleanText, json } from './sql-values.ts';
export { isTransient, isUnavailable, isUniqueViolation, sqlState } from './sql-errors.ts';
export { migrate } from './migrate.ts';
