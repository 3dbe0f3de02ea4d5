// A wildcard and a name in another script: only DNS is offered for the wildcard, and both forms of the name are shown.
import assert from 'node:assert/strict';
import { until } from '../lib/portal.mjs';

export default async function wildcard({ portal, ask }) {
  const p = await portal();
  const { page } = p;
  await p.newcomer();
  const base = await ask('new_name');
  await p.open('/orders/new');
  p.step('a product without wildcards says so at once');
  await p.field('Names, one per line').fill(`*.${base}`);
  await p.sees('choose a wildcard product');
  await page.locator('input[name=product][value="dv-wildcard"]').check();
  await page.locator('ul.names li.pass', { hasText: `*.${base}` }).waitFor();
  await p.field('Names, one per line').fill(`*.${base}\nbücher-${base}`);
  await page.locator('ul.names li.pass', { hasText: 'in the certificate: xn--' }).waitFor();
  await page.getByText('Then rather make the key there').click();
  await until(() => page.locator('.advice pre').innerText(), (text) => /-keyout wildcard\.[^]*'subjectAltName=DNS:\*\./.test(text), 'the command for the own server');
  await p.shot('form');
  await p.press('Place the order');
  await page.waitForURL(/#\/orders\/ord_/);
  await p.sees(`bücher-${base}`);
  const archive = await p.takeArchive();
  assert.ok(!/[*/]/.test(archive.name), archive.name);
  await p.acknowledge();

  p.step('only DNS for the wildcard');
  const task = p.task(`*.${base}`);
  await task.waitFor();
  assert.equal(await task.getByRole('radio').count(), 0);
  await p.sees('A wildcard can only be shown by a DNS record');
  await p.shot('validating');
  await p.publish(`*.${base}`, 'dns');
  const other = (await page.locator('section.card h2', { hasText: 'Show that xn--' }).innerText()).match(/xn--\S+/)[0];
  await p.publish(other, 'dns');
  await p.issued();
  const code = await p.unlockCode();
  const chain = (await p.download(() => p.press('Full chain'))).path;
  const csr = (await p.download(() => p.press('Download the CSR'))).path;
  await ask('check_key', archive.path, code, csr, chain, `any.${base}`);
  await p.shot('issued');
}
