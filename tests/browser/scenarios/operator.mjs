// The operator's pages: an OV order waits for a decision, the customer's page follows it; status, products, audit, CRL.
import assert from 'node:assert/strict';
import { PATIENCE } from '../lib/portal.mjs';

export default async function operator({ portal, ask }) {
  const customer = await portal();
  const admin = await portal();
  await customer.newcomer();

  customer.step('an OV order needs an organisation; one is added without leaving the form');
  const name = await ask('new_name');
  await customer.open('/orders/new');
  await customer.page.locator('input[name=product][value=ov]').check();
  await customer.field('Names, one per line').fill(name);
  await customer.press('Place the order');
  await customer.wrong('organisation_id');
  await customer.press('Add an organisation');
  const dialog = customer.page.locator('dialog');
  for (const [label, text] of Object.entries({ 'Registered name': 'Browser Test Ltd', 'Street and number': '1 High Street', 'Postal code': '10115', City: 'Berlin',
    'State or region': 'Berlin', 'Registration number': 'HRB 12345', Telephone: '+49 30 1234567' })) await dialog.getByLabel(label, { exact: true }).fill(text);
  await dialog.getByLabel('Country', { exact: true }).fill('de');
  await customer.shot('organisation');
  await dialog.getByRole('button', { name: 'Save' }).click();
  await dialog.waitFor({ state: 'detached' });
  await customer.press('Place the order');
  await customer.page.waitForURL(/#\/orders\/ord_/);
  await customer.takeArchive();
  await customer.acknowledge();
  await customer.publish(name);
  await customer.page.locator('.stepper li.now', { hasText: 'Organisation check' }).waitFor({ timeout: 2 * PATIENCE });
  await customer.shot('vetting');
  assert.equal(await customer.button('Approve').count(), 0, 'a customer is offered the decision');

  admin.step('the operator finds it in the queue and approves with evidence');
  await admin.login(await ask('admin'));
  await admin.open('/admin/vetting');
  await admin.page.getByRole('link', { name }).waitFor();
  await admin.shot('queue');
  await admin.page.getByRole('link', { name }).click();
  await admin.field('Evidence').fill('Commercial register HRB 12345, seen today');
  await admin.shot('decision');
  await admin.press('Approve');
  admin.step('the customer\'s page follows without a reload');
  await customer.issued();
  await customer.shot('issued');

  admin.step('status, products, orders, users, audit, CRL');
  await admin.open('/admin');
  await admin.sees('Processes');
  await admin.press('Sign and publish a new list now');
  await admin.sees('A new list is signed and published');
  await admin.shot('status');
  await admin.open('/admin/orders');
  await admin.page.getByRole('link', { name }).waitFor();
  await admin.shot('all-orders');
  await admin.open('/admin/products');
  await admin.page.getByRole('row', { name: /dv-wildcard/ }).getByRole('button', { name: 'Change' }).click();
  const product = admin.page.locator('dialog');
  await admin.shot('product');
  await product.getByLabel('Unlock code kept for (days)').fill('1.5');
  await product.getByLabel('Unlock code shown at most').fill('2000');
  await product.getByRole('button', { name: 'Save' }).click();
  await product.locator('small.error', { hasText: 'at most 1000' }).waitFor();
  await product.getByLabel('Unlock code shown at most').fill('0');
  await product.getByRole('button', { name: 'Save' }).click();
  await product.waitFor({ state: 'detached' });
  await admin.page.getByRole('row', { name: /dv-wildcard/ }).getByRole('button', { name: 'Change' }).click();
  assert.equal(await product.getByLabel('Unlock code kept for (days)').inputValue(), '1.5', 'the list still had what stood there before the change');
  await twoDialogs(admin, product);
  await admin.open('/admin/users');
  await admin.sees(customer.who.email);
  await admin.open('/admin/audit');
  await admin.press('Verify the log');
  await admin.sees('entries checked');
  await admin.shot('audit');

  customer.step('what is not theirs does not exist for customers');
  await customer.open('/admin');
  await customer.heading('Not found');
}

/** The first is left before its answer has come, and the answer comes while somebody types into the second. */
async function twoDialogs({ page }, dialog) {
  const lists = /\/api\/v1\/products$/;
  let answer;
  const mayGo = new Promise((go) => { answer = go; });
  await page.route(lists, async (route) => { await mayGo; await route.fallback(); });
  const asked = page.waitForRequest(lists);
  await dialog.getByLabel('Title').fill('Wildcards by hand');
  await dialog.getByRole('button', { name: 'Save' }).click();
  await asked;
  await page.keyboard.press('Escape');
  await dialog.waitFor({ state: 'detached' });
  await page.getByRole('row', { name: / ov OV/ }).getByRole('button', { name: 'Change' }).click();
  await dialog.getByLabel('Title').fill('Typed meanwhile');
  answer();
  await page.getByRole('row', { name: /Wildcards by hand/, includeHidden: true }).waitFor({ state: 'attached' });
  await page.evaluate(() => new Promise((go) => { requestAnimationFrame(() => requestAnimationFrame(go)); }));
  assert.equal(await dialog.getByLabel('Title').inputValue({ timeout: 5000 }), 'Typed meanwhile', 'what was typed into the second dialog');
  await page.unroute(lists);
  await page.keyboard.press('Escape');
}
