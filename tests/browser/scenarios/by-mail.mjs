// Delivery by e-mail: the archive comes by mail, the code only here; the page follows the delivery by itself.
import assert from 'node:assert/strict';
import { PATIENCE } from '../lib/portal.mjs';

export default async function byMail({ portal, ask }) {
  const p = await portal();
  const who = await p.newcomer();
  const name = await ask('new_name');
  await p.open('/orders/new');
  await p.field('Names, one per line').fill(name);
  await p.page.locator('select[name=delivery]').selectOption('email');
  await p.page.locator('select[name=key_type]').selectOption('ec:p256');
  await p.press('Place the order');
  await p.page.waitForURL(/#\/orders\/ord_/);
  p.step('the order goes on when the mail server has taken the archive');
  await p.task(name).waitFor({ timeout: 2 * PATIENCE });
  await p.shot('validating');
  await p.publish(name);
  await p.issued();
  const mail = await ask('attachment', who.email);
  const code = await p.unlockCode();
  assert.ok(!mail.text.includes(code) && !mail.text.includes(code.slice(0, 10)), 'the code came with the archive');
  const chain = (await p.download(() => p.press('Full chain'))).path;
  const csr = (await p.download(() => p.press('Download the CSR'))).path;
  await ask('check_key', mail.path, code, csr, chain, name);
}
