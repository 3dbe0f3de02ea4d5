// Keys made in the browser stay there: no piece of key or code on the wire (decrypted by a proxy), in any storage of the browser, in
// its profile on the disk, in the service's state or log. The control plants pieces in each place, and each must be found.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { stored } from '../lib/stores.mjs';

export default async function keyWatch({ portal, ask }) {
  const base = await ask('tap_start');
  const profile = join(process.env.WORK, 'profile');
  const p = await portal({ base, profile });
  const { page } = p;
  await p.newcomer();
  const zone = await ask('new_name');
  await ask('preauthorise', p.who.email, [zone]);
  const sockets = [];
  page.on('websocket', (s) => sockets.push(s.url()));
  const seen = [];

  for (const [type, lock] of [['ec:p256', 'zip'], ['rsa:2048', 'pkcs8']]) {
    p.step(`${type}: order, with a look at every storage while the key is there and after`);
    await p.open('/orders/new');
    await p.field('Names, one per line').fill(`${lock}.${zone}`);
    await p.way('Made in this browser');
    await page.locator('select[name=key_type]').selectOption(type);
    await page.locator('select[name=lock]').selectOption(lock);
    await p.press('Make the key');
    const file = await p.saveBrowserKey();
    const spki = await ask(lock === 'zip' ? 'open_zip' : 'open_pkcs8', file.path, file.code);
    const during = await stored(page);
    await p.sendBrowserKey();
    await p.issued();
    const after = await stored(page);
    seen.push({ spki, code: file.code, during, after });
  }
  await p.press('Log out');
  await p.heading('Log in');
  const left = await stored(page);
  assert.deepEqual(sockets, []);
  await page.context().close(); // what a browser keeps for itself is on the disk now

  for (const { spki, code, during, after } of seen) {
    const pieces = await ask('watch_for', spki, code);
    assert.ok(pieces.count > 300, `only ${pieces.count} pieces`);
    // While it is shown, the code stands in the page, and nowhere else; a person has to read it.
    delete during.page;
    assert.deepEqual(await ask('look_at', during), {}, 'while the key was there');
    assert.deepEqual(await ask('look_at', after), {}, 'after the order');
    assert.deepEqual(await ask('look_at', left), {}, 'after the log-out');
    for (const kept of [during, after, left]) {
      assert.equal(kept.workers, '0');
      for (const place of ['localStorage', 'sessionStorage']) assert.equal(kept[place], '{}', place);
      for (const place of ['indexedDB', 'caches', 'files']) assert.equal(kept[place], '[]', place);
    }
    assert.equal(await ask('look_on_wire'), 0, 'on the wire');
    assert.deepEqual(await ask('look_in_service'), {}, 'at the service');
    assert.deepEqual(await ask('look_in_folder', profile), {}, 'in the browser\'s profile');
  }

  p.step('control: a piece planted in each place is found');
  const { hex, base64, code } = await ask('watch_for', seen[0].spki, seen[0].code);
  const second = join(process.env.WORK, 'second');
  const control = await portal({ base, profile: second });
  await control.login(p.who);
  await control.page.evaluate(async ([hex, base64, code]) => {
    localStorage.setItem('a', hex);
    sessionStorage.setItem('b', base64);
    document.cookie = `c=${code}`;
    history.replaceState({ d: base64 }, '');
    await (await caches.open('e')).put('/e', new Response(code));
    const opening = indexedDB.open('f', 1);
    opening.onupgradeneeded = () => opening.result.createObjectStore('g');
    const db = await new Promise((good) => { opening.onsuccess = () => good(opening.result); });
    const bytes = Uint8Array.from(hex.match(/../g), (b) => parseInt(b, 16));
    await new Promise((good) => { const t = db.transaction('g', 'readwrite'); t.objectStore('g').put({ bytes }, 'h'); t.oncomplete = good; });
    db.close();
    const file = await (await navigator.storage.getDirectory()).getFileHandle('i', { create: true });
    const writer = await file.createWritable();
    await writer.write(base64);
    await writer.close();
    document.querySelector('h1').textContent = code;
  }, [hex, base64, code]);
  const found = await ask('look_at', await stored(control.page));
  for (const place of ['localStorage', 'sessionStorage', 'cookie', 'cookies', 'address', 'caches', 'indexedDB', 'files', 'page']) assert.ok(found[place] > 0, `the watcher is blind in ${place}`);
  p.step('control: on the wire, in body, address and header; and at the service');
  await control.page.evaluate(() => { document.cookie = 'c=; max-age=0'; });
  for (const [body, address, header] of [[hex, '', ''], [base64, '', ''], ['', code, ''], ['', '', hex.toUpperCase()]]) {
    await ask('forget_wire');
    await control.page.evaluate(([body, address, header]) => fetch(`/api/v1/orders?q=${address}`, { method: 'POST', body: new Blob([body]), headers: { 'X-Test': header } }), [body, address, header]);
    assert.ok(await ask('look_on_wire') > 0, `the wire's watcher is blind for ${body || address || header}`);
  }
  await ask('plant_in_service', p.who.email, hex);
  assert.ok(Object.keys(await ask('look_in_service')).length > 0, 'the service\'s watcher is blind');
  p.step('control: the profile on the disk, when the browser has ended');
  await control.page.context().close();
  assert.ok(Object.keys(await ask('look_in_folder', second)).length > 0, 'the profile\'s watcher is blind');
  await ask('tap_stop');
}
