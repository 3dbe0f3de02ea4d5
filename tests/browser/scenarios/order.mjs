// The main job: from registration to an installed-able key and certificate, a reissue with a new key, and a revocation.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { late, until } from '../lib/portal.mjs';

export default async function order({ portal, ask }) {
  const p = await portal();
  const { page } = p;
  p.step('register with a mailed confirmation, log in');
  const who = await p.newcomer();
  await p.sees('No orders yet');
  await p.shot('no-orders');

  p.step('the order form talks back while names are typed');
  const [a, b] = [await ask('new_name'), await ask('new_name')];
  await p.press('Order your first certificate');
  await p.field('Names, one per line').fill(`${a}\nbad_name.example\nhttps://www.example.com/`);
  await p.sees('an underscore is not allowed');
  await p.sees('without https://');
  await p.shot('names-wrong');
  await p.press('Place the order');
  await p.wrong('names');
  await page.getByText('Then rather make the key there').click();
  await until(() => page.locator('.advice pre').innerText(), (text) => new RegExp(`openssl req [^]*DNS:${a}`).test(text), 'the command for the own server');

  p.step('order two names without a CSR, take the archive');
  const id = await p.order([a, b]);
  await p.shot('handover');
  const archive = await p.takeArchive();
  assert.equal(archive.name, `${a}.zip`);
  await p.shot('archive-taken');
  assert.equal(await p.button('Download the key archive').count(), 0, 'the archive is offered a second time');
  await p.acknowledge();

  p.step('publish what the page says: a file for one name, a record for the other');
  await p.task(a).waitFor();
  await p.shot('validating');
  await p.task(b).getByRole('button', { name: 'Check now' }).click();
  await p.publish(a, 'http');
  await p.publish(b, 'dns');
  p.step('the page follows by itself until the certificate is there');
  await p.issued();
  await p.shot('issued');

  p.step('the unlock code needs the password, and a wrong one is refused');
  await p.press('Show the unlock code');
  const dialog = page.locator('dialog');
  await dialog.getByLabel('Your password').fill('not my password');
  await dialog.getByRole('button', { name: 'Show', exact: true }).click();
  await dialog.getByRole('alert').waitFor();
  await p.shot('code-wrong-password');
  await page.keyboard.press('Escape');
  await dialog.waitFor({ state: 'detached' });
  const code = await p.unlockCode();
  assert.match(code, /^[0-9A-HJKMNP-TV-Z]{26}$/);
  await p.shot('code');
  await page.locator('.reveal').getByRole('button', { name: 'Copy unlock code' }).click();
  await p.copied(code);
  await p.nothingStored(code, who.password);
  await p.press('Hide');
  await p.button('Show the unlock code').waitFor();
  assert.ok(!(await page.content()).includes(code.slice(0, 5) + '</span>'), 'the code is still in the page');

  p.step('two files asked for at once both come');
  const arrived = [];
  const came = (file) => arrived.push(file.suggestedFilename());
  page.on('download', came);
  await late(page, '**/certificate?*');
  await p.press('Certificate');
  await p.press('DER');
  await until(() => arrived.sort().join(), `${a}.cer,${a}.pem`, 'the two files');
  page.off('download', came);
  await page.unroute('**/certificate?*');

  p.step('every download fits, and the archive opens');
  const certs = await p.certificates();
  await ask('check_formats', certs.Certificate, certs.Chain, certs['Full chain'], certs.DER, certs['PKCS#7']);
  const csr = (await p.download(() => p.press('Download the CSR'))).path;
  const spki = await ask('check_key', archive.path, code, csr, certs['Full chain'], a);
  await page.locator('.facts').getByText(spki).first().waitFor();
  assert.ok(!readFileSync(certs.Certificate, 'latin1').includes('PRIVATE'));

  p.step('the order stands in the list, found by name');
  await p.open('/orders');
  await p.field('Search').fill(a);
  await page.waitForURL(/q=/);
  await page.getByRole('link', { name: a }).waitFor();
  await p.shot('list');
  await page.getByRole('link', { name: 'Orders', exact: true }).click();
  await until(() => p.field('Search').inputValue(), '', 'the search after a click on the list without one');
  await p.field('Search').fill(a);
  await page.waitForURL(/q=/);
  await page.getByRole('link', { name: a }).click();
  await p.issued();

  p.step('reissue: always a new key');
  await p.press('Reissue');
  await p.shot('reissue');
  await page.locator('dialog').getByRole('button', { name: 'Reissue' }).click();
  const second = await p.takeArchive();
  await p.press('I have the file');
  // Both names were proven minutes ago, and that still counts: nothing is to be published.
  await p.issued();
  const newCode = await p.unlockCode();
  assert.notEqual(newCode, code);
  const newChain = (await p.download(() => p.press('Full chain'), 'second.pem')).path;
  const newCsr = (await p.download(() => p.press('Download the CSR'), 'second.csr')).path;
  assert.notEqual(await ask('check_key', second.path, newCode, newCsr, newChain, a), spki, 'the reissue used the old key');

  p.step('revoke with a reason');
  await page.locator('.page-head').getByRole('button', { name: 'Revoke' }).click();
  await page.locator('dialog').getByRole('radio', { name: /replaced by another/ }).check();
  await p.shot('revoke');
  await page.locator('dialog').getByRole('button', { name: 'Revoke for good' }).click();
  await page.locator('.badge', { hasText: 'Revoked' }).first().waitFor();
  await p.shot('revoked');
  await until(() => ask('revoked_by_crl', certs.Certificate), true, 'the certificate stands in the CRL');
  assert.match(id, /^ord_/);
}
