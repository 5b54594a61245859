/** Everything that a page can keep, as JSON; a script for the page. */
export const READ_STORAGE = `(async () => {
  const kept = { local: { ...localStorage }, session: { ...sessionStorage }, cookie: document.cookie, databases: {}, caches: [] };
  for (const { name } of await indexedDB.databases()) {
    const db = await new Promise((resolve) => { const open = indexedDB.open(name); open.onsuccess = () => resolve(open.result); });
    for (const store of db.objectStoreNames)
      kept.databases[name + '/' + store] = await new Promise((resolve) => {
        const all = db.transaction(store).objectStore(store).getAll();
        all.onsuccess = () => resolve(all.result);
      });
    db.close();
  }
  for (const name of await caches.keys())
    for (const request of await (await caches.open(name)).keys()) kept.caches.push(request.url);
  return JSON.stringify(kept);
})()`;
