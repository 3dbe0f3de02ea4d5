// What a customer sees when things go wrong: lost archives, refused names, foreign orders, no connection, an ended session.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { late, PATIENCE, until } from '../lib/portal.mjs';

export default async function badDays({ portal, ask }) {
  const p = await portal();
  const { page } = p;
  await p.newcomer();

  p.step('a name that only the service refuses: shown at the field');
  await p.open('/orders/new');
  await p.field('Names, one per line').fill('co.uk');
  await p.press('Place the order');
  await page.locator('textarea[name=names][aria-invalid=true]').waitFor();
  const refusal = await page.locator('.field small.error').first().innerText();
  assert.ok(!/[{}]|urn:/.test(refusal), `raw problem shown: ${refusal}`);
  await p.shot('refused-name');

  p.step('an archive that was downloaded and lost: a new key');
  const name = await ask('new_name');
  const id = await p.order([name]);
  const spki = await page.locator('dt', { hasText: 'Key fingerprint' }).locator('xpath=following-sibling::dd').innerText();
  const first = await p.takeArchive();
  await page.reload();
  await p.sees('downloaded, but not confirmed yet');
  await p.shot('not-confirmed');
  writeFileSync(`${p.work}/other.zip`, 'not the archive');
  await page.locator('#have-file').setInputFiles(`${p.work}/other.zip`);
  await page.getByRole('alert').waitFor();
  await p.press('Make a new key');
  await page.locator('dialog').getByRole('button', { name: 'Make a new key' }).click();
  const second = await p.takeArchive();
  await until(() => page.locator('dt', { hasText: 'Key fingerprint' }).locator('xpath=following-sibling::dd').innerText(), (now) => now !== spki, 'the same key was handed out twice');
  p.step('the page was closed after the download: the file itself is the proof');
  await page.reload();
  await page.locator('#have-file').setInputFiles(first.path.replace(/[^/]+$/, 'other.zip'));
  await page.getByRole('alert').waitFor();
  await page.locator('#have-file').setInputFiles(second.path);
  await page.locator('.stepper li.now', { hasText: 'Domain check' }).waitFor();

  p.step('nothing is published: the page says what was found');
  await p.task(name).getByRole('button', { name: 'Check now' }).click();
  await p.task(name).locator('.alert').waitFor({ timeout: 2 * PATIENCE });
  await p.shot('check-failed');

  p.step('somebody else\'s order does not exist');
  const stranger = await portal({ viewport: { width: 360, height: 740 } });
  await stranger.newcomer();
  await stranger.open(`/orders/${id}`);
  await stranger.page.getByRole('alert').waitFor();
  assert.ok(!(await stranger.page.content()).includes(name));
  await stranger.shot('foreign-order');
  await stranger.open('/nowhere');
  await stranger.heading('Not found');

  p.step('no connection: said, and mended by itself');
  await page.route('**/api/v1/orders/*', (r) => r.fulfill({ status: 502, contentType: 'text/html', body: '<h1>Bad gateway</h1>' }));
  await page.getByText('The service cannot be reached at the moment').waitFor({ timeout: 3 * PATIENCE });
  assert.ok(await p.task(name).isVisible(), 'the order vanished from the page');
  await page.unroute('**/api/v1/orders/*');
  await page.getByText('The service cannot be reached at the moment').waitFor({ state: 'detached', timeout: 3 * PATIENCE });

  p.step('an impatient second click turns one page, not two');
  await page.route('**/api/v1/orders?*', async (route) => {
    const url = new URL(route.request().url());
    const next = url.searchParams.get('cursor') ? null : 'more';
    url.searchParams.delete('cursor');
    const response = await route.fetch({ url: url.href });
    await route.fulfill({ response, json: { ...await response.json(), next_cursor: next } });
  });
  await late(page, '**/api/v1/orders?*');
  await p.open('/orders');
  for (let i = 0; i < 2; i++) await p.button('Next page').dispatchEvent('click');
  await p.button('Next page').waitFor({ state: 'detached' });
  await p.press('Newer page');
  await p.button('Newer page').waitFor({ state: 'detached' });
  await page.unroute('**/api/v1/orders?*');
  await p.open(`/orders/${id}`);

  p.step('cancel; then the session ends elsewhere, and the page asks to log in again');
  await page.locator('.page-head').getByRole('button', { name: 'Cancel' }).click();
  await page.locator('dialog').getByRole('button', { name: 'Cancel the order' }).click();
  await page.locator('.badge', { hasText: 'Cancelled' }).first().waitFor();
  await page.context().clearCookies();
  await page.getByRole('link', { name: 'Orders', exact: true }).click();
  await p.sees('Your session has ended');
  await p.shot('session-ended');
  await p.fill({ 'E-mail address': p.who.email, Password: p.who.password });
  await p.press('Log in');
  await p.heading('Orders');
  await page.getByRole('link', { name }).waitFor();

  p.step('used or broken links');
  await p.open('/confirm/no-such-token');
  await page.getByRole('alert').waitFor();
  await p.shot('bad-link');
}
