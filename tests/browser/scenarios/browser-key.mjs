// Keys made in the browser: each kind in each format, opened by other programs, and fitting the certificate. The CSR is the service's own
// but for the key. Leaving asks first; a second try sends the same key; a reissue makes a new one.
import assert from 'node:assert/strict';
import { PATIENCE, until } from '../lib/portal.mjs';

const open = { zip: 'open_zip', pkcs8: 'open_pkcs8' };

export default async function browserKey({ portal, ask }) {
  const p = await portal();
  const { page } = p;
  await p.newcomer();
  const zone = await ask('new_name');
  await ask('preauthorise', p.who.email, [zone]);
  let count = 0;
  const form = async (names, { type, lock = 'zip', product = 'dv' }) => {
    await p.open('/orders/new');
    await page.locator(`input[name=product][value="${product}"]`).check();
    await p.field('Names, one per line').fill(names.join('\n'));
    await p.way('Made in this browser');
    await page.locator('select[name=key_type]').selectOption(type);
    await page.locator('select[name=lock]').selectOption(lock);
  };
  const fits = async (file, lock, host) => {
    await p.issued();
    const spki = await ask(open[lock], file.path, file.code);
    await ask('check_fits', spki, (await p.download(() => p.press('Full chain'), `${++count}.pem`)).path, host);
    await page.locator('.facts').getByText(spki).first().waitFor();
    return spki;
  };

  p.step('the first: every word on the way, and the pictures');
  const first = `a.${zone}`;
  await form([first], { type: 'rsa:2048' });
  await p.shot('form');
  const orders = [];
  page.on('request', (r) => { if (r.method() === 'POST' && r.url().endsWith('/orders')) orders.push(r.postData()); });
  await p.press('Make the key');
  const saved = await p.saveBrowserKey();
  assert.equal(saved.name, `${first}.zip`);
  assert.equal(orders.length, 0, 'ordered before the customer had file and code');
  await p.shot('save');
  await page.locator('.reveal').getByRole('button', { name: 'Copy unlock code' }).click();
  await p.copied(saved.code);

  p.step('leaving asks first, by a link and by the address; staying keeps the key');
  const asked = [];
  page.on('dialog', (d) => { asked.push(d.type()); void (staying ? d.dismiss() : d.accept()); });
  let staying = true;
  const questions = (n) => until(() => asked.length, n, 'questions before the page is left');
  const stays = () => until(() => page.url(), (url) => url.endsWith('#/orders/new'), 'the address after "no"');
  await page.getByRole('link', { name: 'CSR checker' }).click();
  await questions(1); // two changes that meet are one question
  await stays();
  await page.evaluate(() => { location.hash = '#/account'; });
  await questions(2);
  await stays();
  assert.deepEqual(asked, ['confirm', 'confirm']);
  await page.evaluate(() => location.reload());
  await questions(3);
  assert.equal(asked[2], 'beforeunload');
  assert.ok(page.url().endsWith('#/orders/new'));
  assert.equal((await page.locator('.code-groups span').allInnerTexts()).join(''), saved.code);

  p.step('the answer is lost on the way: nothing is ordered twice, and the key is the same');
  await page.route('**/api/v1/orders', (r) => r.fulfill({ status: 502, contentType: 'text/html', body: '' }), { times: 1 });
  await p.press('I have the file and the code');
  await p.sees('Nothing was ordered');
  await p.shot('not-sent');
  await p.sendBrowserKey();
  assert.equal(orders.length, 2);
  assert.equal(orders[0], orders[1]);
  assert.deepEqual(Object.keys(JSON.parse(orders[1])).sort(), ['csr', 'hand_over', 'names', 'product', 'validation']);
  const spki = await fits(saved, 'zip', first);
  await p.sees('Neither was ever here');
  assert.deepEqual(await ask('check_receipt', (await p.download(() => p.press('Download the receipt'))).path, spki, 'browser'), { part: 'final', made_by: 'browser', wording: null });
  assert.equal(await page.getByRole('heading', { name: 'Unlock code' }).count(), 0, 'an unlock code is offered that the service does not have');
  assert.ok(!(await page.content()).includes(saved.code.slice(0, 5)), 'the code is still in the page');
  await p.shot('issued');

  p.step('a reissue in the browser: a new key, a new code');
  await p.press('Reissue');
  await until(() => page.locator('dialog').getByRole('radio', { name: 'Made in this browser' }).isChecked(), true, 'the order\'s way is preselected');
  await p.shot('reissue');
  await page.locator('dialog').getByRole('button', { name: 'Make the key' }).click();
  const again = await p.saveBrowserKey();
  assert.notEqual(again.code, saved.code);
  await p.shot('reissue-save');
  await p.press('I have the file and the code');
  await page.locator('dialog').waitFor({ state: 'detached' });
  await page.locator('select').filter({ hasText: '(valid)' }).waitFor({ timeout: 2 * PATIENCE });
  assert.notEqual(await fits(again, 'zip', first), spki, 'the reissue used the old key');

  p.step('every other kind of key, in both formats');
  for (const [type, lock] of [['ec:p256', 'pkcs8'], ['ec:p384', 'zip'], ['ed25519', 'pkcs8'], ['ec:p521', 'zip'], ['ed25519', 'zip'], ['rsa:2048', 'pkcs8'], ['rsa:3072', 'zip'], ['rsa:4096', 'pkcs8']]) {
    const host = `${type.replace(':', '-')}-${lock}.${zone}`;
    await form([host, `b.${zone}`], { type, lock });
    await p.press('Make the key');
    const file = await p.saveBrowserKey();
    assert.equal(file.name, `${host}.${lock === 'zip' ? 'zip' : 'key.pem'}`);
    await p.sendBrowserKey();
    await fits(file, lock, host);
  }

  p.step('the CSR is the one that the service would make, but for the key: DV with details, EV with an organisation');
  const organisation = await ask('add_organisation', p.who.email, p.who.password);
  for (const [product, names] of [['dv-wildcard', [`*.${zone}`, zone, '192.0.2.7', '2001:db8::7']], ['ev', [`ev.${zone}`]]]) {
    const shapes = [];
    for (const way of ['browser', 'code']) {
      await form(names, { type: 'ec:p256', product });
      if (product === 'ev') await page.locator('select[name=organisation_id]').selectOption(organisation);
      else {
        await page.locator('summary', { hasText: 'Organisation details' }).click();
        for (const [label, text] of Object.entries({ Organisation: 'Müller & Co "Größe" +1', City: 'Köln', 'State or region': 'NRW', Country: 'de' })) await page.locator('details.card').getByLabel(label).first().fill(text);
      }
      if (way === 'code') {
        await p.way('Archive and code');
        await p.press('Place the order');
        await page.waitForURL(/#\/orders\/ord_/);
      } else {
        await p.press('Make the key');
        await p.saveBrowserKey();
        await p.sendBrowserKey();
      }
      shapes.push(await ask('csr_shape', (await p.download(() => p.press('Download the CSR'), `${product}-${way}.csr`)).path));
    }
    assert.deepEqual(shapes[0], shapes[1], product);
    assert.equal(shapes[0].extensions.length, 2);
    assert.ok(shapes[0].subject.length > (product === 'ev' ? 300 : 150), `the subject is nearly empty: ${shapes[0].subject}`);
  }

  p.step('a name that only the service refuses is told before anybody keeps a code for it');
  await form(['co.uk'], { type: 'ec:p256' });
  await p.press('Make the key');
  await p.sees('This CSR cannot be used');
  await p.shot('refused');
  assert.equal(await page.locator('.code-groups').count(), 0);
  await p.press('Back');
  assert.equal(await page.locator('textarea[name=names]').inputValue(), 'co.uk', 'the form was emptied');

  p.step('"Back" and leaving after "yes" forget the key');
  await form([first], { type: 'ec:p256' });
  await p.press('Make the key');
  const given = await p.saveBrowserKey();
  await p.press('Back');
  await page.locator('textarea[name=names]').waitFor();
  assert.ok(!(await page.content()).includes(given.code.slice(0, 5)));
  await p.press('Make the key');
  await p.saveBrowserKey();
  staying = false;
  await page.getByRole('link', { name: 'Orders', exact: true }).click();
  await p.heading('Orders');
  await p.open('/orders/new');
  await page.locator('textarea[name=names]').waitFor();
  assert.equal(await page.locator('.code-groups').count(), 0);
}
