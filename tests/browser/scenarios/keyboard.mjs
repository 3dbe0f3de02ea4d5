// A whole hand-over without a mouse: every control can be reached, its focus can be seen, dialogs keep and return the focus.
import assert from 'node:assert/strict';
import { late, until } from '../lib/portal.mjs';

// What the page itself puts the focus on, to be read out (tabindex -1), needs no ring; what the Tab key reaches does.
const focused = (page) => page.evaluate(() => {
  const e = document.activeElement;
  const style = getComputedStyle(e);
  const label = e.getAttribute('aria-label') || [...(e.labels ?? [])].map((l) => l.innerText).join(' ') || e.innerText || '';
  return { tag: e.tagName, name: e.getAttribute('name') ?? '', label: label.trim().split('\n')[0], ring: e.tabIndex < 0 || (parseFloat(style.outlineWidth) > 0 && style.outlineStyle !== 'none'),
    inDialog: Boolean(e.closest('dialog')) };
});

/** Tab until the control with this label has the focus. */
async function tabTo(page, wanted, limit = 60) {
  await page.locator(`[name="${wanted}"], [aria-label^="${wanted}"]:enabled, a:has-text("${wanted}"), button:has-text("${wanted}"):enabled`).filter({ visible: true }).first().waitFor();
  for (let i = 0; i < limit; i++) {
    await page.keyboard.press('Tab');
    const now = await focused(page);
    if (now.tag !== 'BODY') assert.ok(now.ring, `the focus cannot be seen on ${now.tag} "${now.label}"`);
    if (now.label.startsWith(wanted) || now.name === wanted) return now;
  }
  throw new Error(`"${wanted}" cannot be reached with the Tab key`);
}
const press = async (page, wanted, key = 'Enter') => { await tabTo(page, wanted); await page.keyboard.press(key); };

export default async function keyboard({ portal, ask }) {
  const p = await portal();
  const { page } = p;
  await p.register();

  p.step('log in');
  await page.goto(`${p.base}/#/login`);
  await p.heading('Log in');
  await until(async () => (await focused(page)).tag, 'H1', 'the focus on a new page');
  await page.reload();
  await p.heading('Log in');
  await tabTo(page, 'email');
  await page.keyboard.type(p.who.email);
  await tabTo(page, 'password');
  await page.keyboard.type(p.who.password);
  await page.keyboard.press('Enter');
  await p.heading('Orders');

  p.step('the skip link comes first and leads to the content');
  await page.evaluate(() => document.activeElement.blur());
  await page.keyboard.press('Tab');
  for (let i = 0; i < 40 && (await focused(page)).label !== 'Skip to the content'; i++) await page.keyboard.press('Shift+Tab');
  assert.equal((await focused(page)).label, 'Skip to the content');
  await page.keyboard.press('Enter');
  await until(async () => (await focused(page)).tag, 'H1', 'the focus after the skip link');

  p.step('a button keeps the focus while it works and when it fails; pressed twice it works once');
  await p.open('/account');
  await tabTo(page, 'name');
  await page.keyboard.type(' and Sons');
  const renames = [];
  page.on('request', (r) => { if (r.method() === 'PATCH') renames.push(r.url()); });
  await page.route('**/api/v1/account', (r) => r.fulfill({ status: 502, contentType: 'text/html', body: '' }));
  await late(page, '**/api/v1/account');
  await press(page, 'Save');
  await page.locator('button[aria-busy=true]', { hasText: 'Save' }).waitFor();
  await page.keyboard.press('Enter');
  assert.equal((await focused(page)).label, 'Save', 'the focus is lost while the button works');
  await page.getByRole('alert').waitFor();
  assert.equal((await focused(page)).label, 'Save', 'the focus is lost when the button has failed');
  assert.equal(renames.length, 1);
  await page.unroute('**/api/v1/account');
  await p.open('/orders');

  p.step('order');
  await press(page, 'New order');
  await p.heading('New order');
  await tabTo(page, 'product');
  await page.keyboard.press('ArrowDown');
  assert.equal(await page.locator('input[name=product]:checked').count(), 1);
  await until(() => page.locator('input[name=product]:checked').inputValue(), (now) => now !== 'dv', 'the product after an arrow');
  await page.keyboard.press('ArrowUp');
  await until(() => page.locator('input[name=product]:checked').inputValue(), 'dv', 'the product after an arrow back');
  await tabTo(page, 'names');
  const name = await ask('new_name');
  await page.keyboard.type(name);
  await press(page, 'Place the order');
  await page.waitForURL(/#\/orders\/ord_/);
  await p.heading(name);

  p.step('take the archive, confirm it');
  const saved = page.waitForEvent('download');
  await press(page, 'Download the key archive');
  await saved;
  await press(page, 'I have the file');
  await page.locator('.stepper li.now', { hasText: 'Domain check' }).waitFor();

  p.step('tabs move with the arrows');
  await tabTo(page, 'Linux');
  await page.keyboard.press('ArrowRight');
  await until(() => page.getByRole('tab', { selected: true }).first().innerText(), 'autocsr', 'the tab to the right');
  await page.keyboard.press('Home');
  await until(() => page.getByRole('tab', { selected: true }).first().innerText(), 'Windows', 'the first tab');

  p.step('a dialog keeps the focus, Escape closes it and gives the focus back');
  await page.locator('main h1').focus();
  await press(page, 'Cancel');
  await page.locator('dialog[open]').waitFor();
  for (let i = 0; i < 8; i++) {
    const now = await focused(page);
    assert.ok(now.inDialog || now.tag === 'BODY', `the focus left the dialog: ${now.tag} "${now.label}"`);
    await page.keyboard.press('Tab');
  }
  await p.shot('dialog');
  await page.keyboard.press('Escape');
  await page.locator('dialog').waitFor({ state: 'detached' });
  await until(async () => (await focused(page)).label, 'Cancel', 'the focus after the dialog');
  await page.keyboard.press('Enter');
  await press(page, 'Cancel the order');
  await page.locator('.badge', { hasText: 'Cancelled' }).first().waitFor();
  await p.shot('cancelled');

  p.step('a key made in the browser, from the choice to the order');
  await p.open('/orders/new');
  await tabTo(page, 'names');
  await page.keyboard.type(await ask('new_name'));
  await tabTo(page, 'way');
  await page.keyboard.press('ArrowUp');
  await page.keyboard.press('ArrowUp');
  await until(() => page.locator('input[name=way]:checked').inputValue(), 'browser', 'the way after two arrows');
  await tabTo(page, 'key_type');
  await page.locator('select[name=key_type]').selectOption('ec:p256');
  await press(page, 'Make the key');
  await p.sees('Nothing is ordered yet');
  const key = page.waitForEvent('download');
  await press(page, 'Save ');
  await key;
  await tabTo(page, 'Copy unlock code');
  await press(page, 'I have the file and the code');
  await page.waitForURL(/#\/orders\/ord_/);
  await page.locator('.stepper li.now', { hasText: 'Domain check' }).waitFor();
}
