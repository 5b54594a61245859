import { mkdir, readFile, readdir, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import type { BundleStore } from '../src/bundle-store.ts';

export interface OpenedStores extends AsyncDisposable {
  /** One more process on the same store; on a machine of its own where the kind of store makes a difference. */
  join(): BundleStore;
}

const HOUR_MS = 60 * 60_000;

const put = (store: BundleStore, versionId: string, text: string) =>
  store.publish(async (dir) => {
    await mkdir(path.join(dir, 'src'));
    await writeFile(path.join(dir, 'src', 'bundle.ts'), text);
    return { versionId };
  });

const build = (store: BundleStore, versionId: string, text: string) =>
  store.publishBuilt(versionId, (dir) => writeFile(path.join(dir, 'page.html'), text));

const bundleOf = ({ dir }: BundleStore, versionId: string) =>
  readFile(path.join(dir, versionId, 'src', 'bundle.ts'), 'utf8');

const pageOf = ({ dir }: BundleStore, versionId: string) =>
  readFile(path.join(dir, '.built', versionId, 'page.html'), 'utf8');

/** What lies in a store's folder of this machine and is no marker, at any depth but inside versions. */
const namesIn = async ({ dir }: BundleStore): Promise<string[]> => {
  const [versions, built] = await Promise.all(
    [dir, path.join(dir, '.built')].map((folder) => readdir(folder).catch(() => [])),
  );
  return [...(versions ?? []), ...(built ?? [])].filter((name) => name !== '.built' && name !== '.in-use');
};

/** What every bundle store promises (`src/bundle-store.ts`), whatever keeps the files. */
export function describeBundleStore(kind: string, open: () => Promise<OpenedStores>): void {
  describe(`${kind} as a bundle store`, () => {
    test('a version that one process published is read by another, with what was built from it', async () => {
      await using stores = await open();
      const [one, two] = [stores.join(), stores.join()];
      expect(await two.fetch('a__folder__1')).toBe(false);
      expect(await put(one, 'a__folder__1', 'first')).toEqual({ versionId: 'a__folder__1' });
      await build(one, 'a__folder__1', 'page');
      expect(await two.fetch('a__folder__1')).toBe(true);
      expect(await bundleOf(two, 'a__folder__1')).toBe('first');
      expect(await pageOf(two, 'a__folder__1')).toBe('page');
    });

    test('a version that is there stays as it is, also when many make it at once', async () => {
      await using stores = await open();
      const all = Array.from({ length: 8 }, () => stores.join());
      await Promise.all(all.map((store) => put(store, 'a__folder__1', 'same')));
      await put(stores.join(), 'a__folder__1', 'other');
      for (const store of all) {
        expect(await store.fetch('a__folder__1')).toBe(true);
        expect(await bundleOf(store, 'a__folder__1')).toBe('same');
      }
      let fills = 0;
      for (const store of all.slice(0, 2))
        await store.publishBuilt('a__folder__1', async (dir) => {
          fills += 1;
          await writeFile(path.join(dir, 'page.html'), 'page');
        });
      expect(fills).toBe(1);
    });

    test('of what could not be filled nothing is left, and nobody sees it before it is whole', async () => {
      await using stores = await open();
      const [one, two] = [stores.join(), stores.join()];
      const failing = one.publish(async (dir) => {
        await writeFile(path.join(dir, 'half'), '');
        expect(await two.fetch('a__folder__1')).toBe(false);
        throw new Error('the disk is full');
      });
      await expect(failing).rejects.toThrow('the disk is full');
      await expect(
        one.publishBuilt('a__folder__1', () => Promise.reject(new Error('no build'))),
      ).rejects.toThrow('no build');
      expect(await two.fetch('a__folder__1')).toBe(false);
      expect(await namesIn(one)).toEqual([]);
    });

    test('a removed version is gone for all, and can come again', async () => {
      await using stores = await open();
      const [one, two] = [stores.join(), stores.join()];
      await put(one, 'a__folder__1', 'first');
      await build(one, 'a__folder__1', 'page');
      await two.fetch('a__folder__1');
      await Promise.all([one.remove('a__folder__1'), two.remove('a__folder__1')]);
      await one.remove('a__folder__never');
      for (const store of [one, two]) expect(await store.fetch('a__folder__1')).toBe(false);
      expect(await namesIn(one)).toEqual([]);
      await put(two, 'a__folder__1', 'second');
      expect(await one.fetch('a__folder__1')).toBe(true);
      expect(await bundleOf(one, 'a__folder__1')).toBe('second');
      await expect(pageOf(one, 'a__folder__1')).rejects.toThrow('ENOENT');
    });

    test('a place for a source is its own and is removed, whatever happens there', async () => {
      await using stores = await open();
      const store = stores.join();
      const places = await Promise.all(
        [1, 2].map(() =>
          store.withPlace(async (place) => {
            await mkdir(place);
            await writeFile(path.join(place, 'archive'), '');
            return place;
          }),
        ),
      );
      expect(new Set(places).size).toBe(2);
      const failing = store.withPlace(async (place) => {
        await mkdir(place);
        throw new Error('no archive');
      });
      await expect(failing).rejects.toThrow('no archive');
      expect(await namesIn(store)).toEqual([]);
    });

    test('what a dead process left half done is swept, what one does now is not', async () => {
      await using stores = await open();
      const store = stores.join();
      const { promise: filled, resolve: tellFilled } = Promise.withResolvers<string>();
      const { promise: mayEnd, resolve: letEnd } = Promise.withResolvers<void>();
      const publishing = store.publish(async (dir) => {
        tellFilled(dir);
        await mayEnd;
        return { versionId: 'a__folder__1' };
      });
      const dead = path.join(path.dirname(await filled), '.tmp-dead');
      await mkdir(dead);
      const now = Date.now();
      await utimes(dead, new Date(now - 2 * HOUR_MS), new Date(now - 2 * HOUR_MS));
      await store.sweep(now);
      expect(await readdir(dead).catch(() => undefined)).toBeUndefined();
      letEnd();
      await publishing;
      expect(await store.fetch('a__folder__1')).toBe(true);
    });

    test('everybody knows which versions are used by somebody, until that one is gone', async () => {
      await using stores = await open();
      const [one, two] = [stores.join(), stores.join()];
      await one.markUses(['a__folder__1']);
      await one.markUses(['a__folder__2', 'b__folder__1']);
      expect([...(await two.readUses(['c__folder__1']))].toSorted()).toEqual([
        'a__folder__2',
        'b__folder__1',
        'c__folder__1',
      ]);
      expect((await one.readUses([])).has('c__folder__1')).toBe(true);
      await two.forgetUses();
      expect((await one.readUses([])).size).toBe(0);
    });
  });
}
