import { createHash } from 'node:crypto';
import type { FakeCaller, FakeHandlers } from './fake-caller.ts';
import type { FakePlatform } from './fake-platform.ts';
import { namesBelow, pageOf } from './named-pages.ts';
import { toJson } from './to-json.ts';

function keyOf(caller: FakeCaller, scope: 'bundle' | 'user', name: string): string {
  return scope === 'bundle' ? `bundle:${name}` : `user:${caller.userId}:${name}`;
}

export function createStorage(platform: FakePlatform): FakeHandlers['storage'] {
  const factsOf = (key: string, path: string) => {
    const file = platform.storage.get(key);
    if (file === undefined) return null;
    const sha256 = createHash('sha256').update(file.bytes).digest('hex');
    return {
      path,
      size: file.bytes.byteLength,
      mime: file.mime,
      sha256,
      updated_at: new Date(0).toISOString(),
    };
  };
  return {
    read: async (caller, path, { scope }) => platform.storage.get(keyOf(caller, scope, path))?.bytes ?? null,
    stat: async (caller, path, { scope }) => factsOf(keyOf(caller, scope, path), path),
    async write(caller, path, bytes, { scope, mime = 'application/octet-stream' }) {
      const key = keyOf(caller, scope, path);
      platform.storage.set(key, { bytes, mime });
      return factsOf(key, path) ?? Promise.reject(new Error('unreachable'));
    },
    delete: async (caller, path, { scope }) => platform.storage.delete(keyOf(caller, scope, path)),
    async list(caller, prefix, { scope, limit, cursor }) {
      const start = keyOf(caller, scope, '');
      const paths = namesBelow(platform.storage.keys(), start, prefix);
      const { names, next } = pageOf(paths, limit, cursor);
      return {
        items: names.map((path) => factsOf(start + path, path)).filter((one) => one !== null),
        ...next,
      };
    },
  };
}

export function createKv(platform: FakePlatform): FakeHandlers['kv'] {
  const entryOf = (map: FakePlatform['kv'], name: string, key: string) => {
    const found = map.get(name);
    return found === undefined ? null : { key, value: toJson(found.value), version: found.version };
  };
  return {
    get: async (caller, key, { scope }) => entryOf(platform.kv, keyOf(caller, scope, key), key),
    async set(caller, key, value, { scope, ifVersion }) {
      const name = keyOf(caller, scope, key);
      const version = platform.kv.get(name)?.version ?? 0;
      if (ifVersion !== undefined && ifVersion !== version) return null;
      platform.kv.set(name, { value, version: version + 1 });
      return entryOf(platform.kv, name, key);
    },
    async increment(caller, key, by, { scope }) {
      const name = keyOf(caller, scope, key);
      const { value = 0, version = 0 } = platform.kv.get(name) ?? {};
      const sum = Number(value) + by;
      platform.kv.set(name, { value: sum, version: version + 1 });
      return sum;
    },
    delete: async (caller, key, { scope }) => platform.kv.delete(keyOf(caller, scope, key)),
    async list(caller, prefix, { scope, limit, cursor }) {
      const start = keyOf(caller, scope, '');
      const { names, next } = pageOf(namesBelow(platform.kv.keys(), start, prefix), limit, cursor);
      const items = names.map((key) => entryOf(platform.kv, start + key, key));
      return { items: items.filter((one) => one !== null), ...next };
    },
  };
}
