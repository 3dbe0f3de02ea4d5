// Other people's CAs: the operator adds one by ACME and one on paper; a customer's order goes to each; ACME for the customer's own clients.
import assert from 'node:assert/strict';
import { PATIENCE, until } from '../lib/portal.mjs';

const looks = { dark: { colorScheme: 'dark' }, phone: { viewport: { width: 360, height: 740 }, colorScheme: 'light', hasTouch: true } };

export default async function issuers({ portal, ask }) {
  const admin = await portal();
  const { page } = admin;
  const operator = await ask('admin');
  const ca = await ask('pebble');
  await admin.login(operator);
  const dialog = page.locator('dialog');

  admin.step('a well-known CA fills the form; what is wrong is said beside the field');
  await admin.open('/admin/issuers');
  await admin.sees("this service's own CA");
  await admin.press('Add an issuer');
  await dialog.getByLabel('Which CA?').selectOption('zerossl');
  await until(() => dialog.getByLabel('Address of its ACME directory').inputValue(), 'https://acme.zerossl.com/v2/DV90', 'the address of a known CA');
  await admin.shot('add');
  await dialog.getByLabel('Which CA?').selectOption('other');
  await dialog.getByLabel('Short name').fill('Pebble!');
  await dialog.getByLabel('Title').fill('Pebble & Sons');
  await dialog.getByLabel('Address of its ACME directory').fill(ca.url);
  await dialog.getByRole('button', { name: 'Save' }).click();
  await dialog.locator('small.error').getByText('Small letters').or(dialog.locator('small.error').getByText('small letters')).waitFor();
  await dialog.getByLabel('Short name').fill('pebble');
  await dialog.getByLabel('Browsers trust it').uncheck();
  await dialog.getByText('More settings').click();
  await dialog.getByLabel('Roots of its web server').fill(ca.roots);
  await admin.shot('add-other');
  await dialog.getByRole('button', { name: 'Save' }).click();
  await dialog.waitFor({ state: 'detached' });
  const card = page.locator('section', { has: page.getByRole('heading', { name: 'Pebble & Sons' }) });
  await card.getByText('None yet').waitFor();

  admin.step('its terms are shown, a binding is asked for, the account is there');
  await card.getByRole('button', { name: 'Register' }).click();
  await dialog.getByRole('button', { name: 'Ask the CA' }).click();
  await dialog.getByText('has terms of service').waitFor();
  await dialog.getByLabel('I have read them').check();
  await dialog.getByLabel('Key id').fill(ca.kid);
  await dialog.getByLabel('MAC key').fill(ca.mac);
  await admin.shot('register');
  await dialog.getByRole('button', { name: 'Register' }).click();
  await dialog.waitFor({ state: 'detached' });
  await card.getByText('Valid', { exact: true }).waitFor();
  await admin.nothingStored(ca.mac);
  const key = await card.locator('dd code').last().innerText();
  await card.getByRole('button', { name: 'New key' }).click();
  await page.waitForFunction((old) => ![...document.querySelectorAll('dd code')].some((c) => c.textContent === old), key);

  admin.step('a CA on paper, and a public one that wants a statement');
  await admin.press('Add an issuer');
  await dialog.getByLabel('Which CA?').selectOption('offline');
  await dialog.getByLabel('Short name').fill('paper');
  await dialog.getByLabel('Title').fill('The paper CA');
  await dialog.getByLabel('The CA does that alone').check();
  await dialog.getByRole('button', { name: 'Save' }).click();
  await dialog.waitFor({ state: 'detached' });
  const paper = page.locator('section', { has: page.getByRole('heading', { name: 'The paper CA' }) });
  await paper.getByRole('button', { name: 'State it' }).click();
  await dialog.getByLabel('Who states it?').fill('Ann Jones, Example Hosting Ltd');
  await dialog.getByRole('button', { name: 'State it' }).click();
  await paper.getByRole('button', { name: 'Withdraw the statement' }).waitFor();
  await admin.shot('issuers');

  admin.step('what a public CA is changes with a fresh proof only');
  const change = async (trusted) => {
    await paper.getByRole('button', { name: 'Change' }).click();
    await dialog.getByLabel('Browsers trust it').setChecked(trusted);
    await dialog.getByRole('button', { name: 'Save' }).click();
  };
  await ask('age_sessions');
  await change(false);
  await dialog.getByText('we ask again who you are').waitFor();
  await admin.shot('proof');
  await dialog.getByLabel('Your password').fill('not the password');
  await dialog.getByRole('button', { name: 'Save' }).click();
  await dialog.locator('[role=alert]').first().waitFor();
  await paper.getByText('Trusted by browsers').waitFor();
  await dialog.getByLabel('Your password').fill(operator.password);
  await dialog.getByRole('button', { name: 'Save' }).click();
  await dialog.waitFor({ state: 'detached' });
  await paper.locator('dt', { hasText: 'Trusted by browsers' }).locator('xpath=following-sibling::dd[1]').getByText('no', { exact: true }).waitFor();
  await admin.nothingStored(operator.password);
  await change(true);
  await dialog.waitFor({ state: 'detached' });
  await paper.getByRole('button', { name: 'Withdraw the statement' }).waitFor();

  admin.step('products name them');
  for (const [id, issuer] of [['up', 'pebble'], ['paper', 'paper']]) {
    await admin.open('/admin/products');
    await admin.press('Add a product');
    await dialog.getByLabel('Short name').fill(id);
    await dialog.getByLabel('Title').fill(`From ${issuer}`);
    await dialog.getByLabel('Issuer').selectOption(issuer);
    if (id === 'up') {
      await dialog.getByLabel('If it does not deliver').selectOption('issuing-1');
      await dialog.getByLabel('after (hours)').fill('48');
      await admin.shot('product');
    }
    await dialog.getByRole('button', { name: 'Save' }).click();
    await dialog.waitFor({ state: 'detached' });
  }

  const customer = await portal();
  await customer.newcomer();
  customer.step('the order at the other CA says exactly what goes where, and who is waited for');
  const name = await ask('new_name');
  const id = await customer.order([name], 'up');
  await customer.takeArchive();
  await customer.acknowledge();
  const task = customer.task(name);
  await task.getByText('looks for it; we look first').waitFor({ timeout: 2 * PATIENCE });
  await task.getByText('The acme-challenge').or(task.getByText('/.well-known/acme-challenge/').first()).first().waitFor();
  await task.getByLabel('A DNS record', { exact: true }).check();
  await task.getByText(`_acme-challenge.${name}`).waitFor();
  await task.getByText('The last look was for the other way').waitFor();
  await customer.shot('task-dns');
  for (const [look, options] of Object.entries(looks)) {
    const p = await portal(options);
    await p.login(customer.who);
    await p.open(`/orders/${id}`);
    await p.task(name).getByText('looks for it; we look first').waitFor();
    await p.shot(`order-${look}`);
    await p.open('/account/acme');
    await p.sees('Commands to paste');
    await p.shot(`acme-${look}`);
    const a = await portal(options);
    await a.login(operator);
    await a.open('/admin/issuers');
    await a.sees('The paper CA');
    await a.shot(`issuers-${look}`);
  }
  await customer.publish(name);
  await customer.issued();
  await customer.sees('Pebble & Sons');
  await customer.shot('issued');

  customer.step('the order on paper waits for a person, who imports the certificate');
  const other = await ask('new_name', 'autocsr-test.org');
  const csr = await ask('make_csr', [other]);
  await customer.open('/orders/new');
  await customer.page.locator('input[name=product][value=paper]').check();
  const waits = await ask('place', customer.who.email, customer.who.password, 'paper', other, csr);
  await customer.open(`/orders/${waits}`);
  await customer.sees('makes the certificate by hand');
  await customer.sees('The operator of this service sends the CSR to The paper CA');
  await customer.shot('paper');
  assert.equal(await customer.page.getByRole('button', { name: 'Import' }).count(), 0, 'a customer is offered the import');
  await admin.open(`/orders/${waits}`);
  await page.locator('textarea[name=certificate]').fill('no certificate');
  await admin.press('Import');
  await page.locator('small.error').waitFor();
  await page.locator('textarea[name=certificate]').fill(await ask('paper_signs', csr));
  await admin.shot('import');
  await admin.press('Import');
  await admin.issued();
  await admin.open('/admin/issuers');
  await page.locator('textarea[name=certificate]').fill(await ask('paper_signs', await ask('make_csr', [await ask('new_name')])));
  await admin.press('Import');
  await admin.sees('was its CSR made by another service');

  customer.step('a key for the own clients is shown once, in the commands too');
  await customer.open('/account/acme');
  await customer.field('What is it for?').fill('web servers');
  await customer.press('Make the key');
  await customer.sees('it is shown this once');
  const [kid, mac] = await customer.page.locator('.card.strong pre').allInnerTexts();
  assert.ok((await customer.page.locator('[role=tabpanel] pre').innerText()).includes(mac.trim()), 'the command has the key');
  await customer.page.getByRole('tab', { name: 'cert-manager' }).click();
  await until(() => customer.page.locator('[role=tabpanel] pre').innerText(), (text) => text.includes(`keyID: ${kid.trim()}`), 'the manifest for cert-manager');
  await customer.shot('acme-key');
  await customer.nothingStored(mac.trim());
  await customer.page.reload();
  await customer.page.getByRole('row', { name: /web servers/ }).waitFor();
  assert.ok(!(await customer.page.content()).includes(mac.trim()), 'the key is shown a second time');
  await ask('acme_account', kid.trim(), mac.trim());
  await customer.page.reload();
  const account = customer.page.locator('section', { has: customer.page.getByRole('heading', { name: 'Clients that have registered' }) });
  await account.getByRole('button', { name: 'Deactivate' }).click();
  await customer.page.locator('dialog').getByRole('button', { name: 'Deactivate' }).click();
  await account.getByText('Deactivated').waitFor();
  await customer.page.getByRole('row', { name: /web servers/ }).getByRole('button', { name: 'Revoke' }).click();
  await customer.page.locator('dialog').getByRole('button', { name: 'Revoke' }).click();
  await customer.page.getByRole('row', { name: /web servers/ }).getByText('Revoked').waitFor();
}
