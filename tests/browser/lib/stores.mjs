// All that a page can keep in a browser, as text by its place.

/** Everything that scripts of this origin can read back, now. */
export async function stored(page) {
  const kept = await page.evaluate(inPage);
  kept.cookies = JSON.stringify(await page.context().cookies());
  return kept;
}

async function inPage() {
  const hex = (buffer) => Array.from(new Uint8Array(buffer), (b) => b.toString(16).padStart(2, '0')).join('');
  const text = (value) => JSON.stringify(value, (_, v) => (v instanceof ArrayBuffer ? hex(v) : ArrayBuffer.isView(v) ? hex(v.buffer.slice(v.byteOffset, v.byteOffset + v.byteLength)) : v)) ?? '';
  const done = (request) => new Promise((good, bad) => { request.onsuccess = () => good(request.result); request.onerror = () => bad(request.error); });
  const databases = [];
  for (const { name } of await indexedDB.databases()) {
    const db = await done(indexedDB.open(name));
    for (const store of db.objectStoreNames) databases.push([name, store, await done(db.transaction(store).objectStore(store).getAllKeys()), await done(db.transaction(store).objectStore(store).getAll())]);
    db.close();
  }
  const caches_ = [];
  for (const name of await caches.keys()) {
    const cache = await caches.open(name);
    for (const request of await cache.keys()) caches_.push([name, request.url, await (await cache.match(request)).text()]);
  }
  const files = [];
  for await (const [name, handle] of (await navigator.storage.getDirectory()).entries()) files.push([name, handle.kind === 'file' ? await (await handle.getFile()).text() : '']);
  return {
    localStorage: JSON.stringify({ ...localStorage }), sessionStorage: JSON.stringify({ ...sessionStorage }), indexedDB: text(databases), caches: text(caches_),
    files: text(files), address: location.href + text(history.state) + window.name, cookie: document.cookie, page: document.documentElement.outerHTML,
    workers: String((await navigator.serviceWorker.getRegistrations()).length), resources: performance.getEntriesByType('resource').map((e) => e.name).join('\n'),
  };
}
