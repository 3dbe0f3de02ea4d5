// An own CSR, pasted in the wrappings that people have it in. The key never leaves them, and nobody speaks of archive or code.
import assert from 'node:assert/strict';
import { until } from '../lib/portal.mjs';

function wrappings(pem) {
  const body = pem.replace(/-----[^-]+-----/g, '').replace(/\s/g, '');
  return {
    'as openssl writes it': pem,
    'without BEGIN and END': body.match(/.{1,64}/g).join('\n'),
    'one endless line': body,
    'short lines, CRLF, indented': body.match(/.{1,40}/g).map((l) => `   ${l}`).join('\r\n'),
    'BEGIN and END on the line of the body': `-----BEGIN CERTIFICATE REQUEST----- ${body} -----END CERTIFICATE REQUEST-----`,
    'NEW CERTIFICATE REQUEST, as Windows writes it': pem.replace(/CERTIFICATE REQUEST/g, 'NEW CERTIFICATE REQUEST'),
  };
}

export default async function ownCsr({ portal, ask }) {
  const p = await portal();
  const { page } = p;
  const names = [await ask('new_name'), await ask('new_name')];
  const pem = await ask('make_csr', names);

  p.step('the checker works without login, in any wrapping');
  await p.open('/check');
  // The verdict before this one says the same: it is this one's that counts.
  const checked = () => Promise.all([page.waitForResponse((r) => r.url().endsWith('/csr/check') && r.ok()), p.press('Check')]);
  for (const [what, text] of Object.entries(wrappings(pem))) {
    await p.field('CSR').first().fill(text);
    await checked();
    await p.sees('This CSR can be used').catch((e) => { throw new Error(`${what}: ${e.message}`); });
    await p.sees(names[1]);
  }
  await p.shot('checker');
  await p.field('Names that it should cover').fill('other.example');
  await p.press('Check');
  await p.sees('This CSR cannot be used');
  await p.field('Names that it should cover').fill('');
  await p.field('CSR').first().fill('bm90IGEgQ1NS');
  await checked();
  await p.sees('A DER element is longer'); // the verdict before this one was about the name
  await p.shot('checker-refused');

  p.step('order with it: names come from the CSR, a private key is refused before it is sent');
  await p.newcomer();
  await p.open('/orders/new');
  await p.way('My own CSR');
  const sent = [];
  page.on('request', (r) => sent.push(r.postData() ?? ''));
  await page.locator('textarea[name=csr]').fill('-----BEGIN PRIVATE KEY-----\nMIIEsecret\n-----END PRIVATE KEY-----');
  await p.sees('This is a private key, not a CSR');
  await p.shot('private-key-pasted');
  assert.ok(!sent.some((body) => body.includes('MIIEsecret')), 'the private key was sent');
  await p.press('Empty the field');
  await page.locator('textarea[name=csr]').fill(wrappings(pem)['short lines, CRLF, indented']);
  await p.sees('This CSR can be used');
  await p.press('Use the 2 names in the CSR');
  await until(() => page.locator('textarea[name=names]').inputValue(), names.join('\n'), 'the names of the CSR');
  await p.shot('form');
  await p.press('Place the order');
  await page.waitForURL(/#\/orders\/ord_/);
  assert.ok(!sent.some((body) => body.includes('MIIEsecret')), 'the private key was sent later');
  for (const name of names) await p.publish(name);
  await p.issued();
  await p.shot('issued');
  assert.equal(await page.getByText('Unlock code').count(), 0, 'an own-CSR order speaks of an unlock code');
  assert.equal(await page.getByText('How to open the archive').count(), 0);
  await ask('check_own', names[0], (await p.download(() => p.press('Full chain'))).path);

  p.step('a reissue with the same key is refused, next to the field');
  await p.press('Reissue');
  await page.locator('dialog textarea[name=csr]').fill(pem);
  await page.locator('dialog').getByRole('button', { name: 'Reissue' }).click();
  await page.locator('dialog [role=alert]').waitFor();
  await p.wrong('csr');
  await p.shot('same-key');
}
