export { freePort, isPortFree } from './free-port.ts';
export { startPostgresServer } from './postgres-server.ts';
export type { PostgresServer, PostgresServerOptions } from './postgres-server.ts';
export { startRedisServer } from './redis-server.ts';
export type { RedisServer, RedisServerOptions } from './redis-server.ts';
export { startWarden } from './warden.ts';
export type { Warden } from './warden.ts';
