// The other grades from the form: each format of "archive and code" and each kind of recipient, opened by other programs; the choice is
// remembered; products that forbid making keys; errors at their field.
import assert from 'node:assert/strict';
import { until } from '../lib/portal.mjs';

export default async function handover({ portal, ask }) {
  const p = await portal();
  const { page } = p;
  await p.newcomer();
  const zone = await ask('new_name');
  await ask('preauthorise', p.who.email, [zone]);
  let count = 0;
  const chosen = () => page.locator('input[name=way]:checked').inputValue();
  const start = async (title) => {
    const host = `${++count}.${zone}`;
    await p.open('/orders/new');
    await p.field('Names, one per line').fill(host);
    await p.way(title);
    return host;
  };
  const take = async (what) => {
    await p.press('Place the order');
    await page.waitForURL(/#\/orders\/ord_/);
    const file = await p.takeArchive(what);
    await p.press('I have the file');
    await p.issued();
    return file;
  };
  const fits = async (spki, host) => ask('check_fits', spki, (await p.download(() => p.press('Full chain'), `${count}.pem`)).path, host);

  p.step('a newcomer finds the classic way chosen, and what ordering means beside the button');
  await p.open('/orders/new');
  await until(chosen, 'code', 'what a newcomer finds chosen');
  await p.sees('By ordering you authorise this service to make the key');
  await p.way('My own CSR');
  await page.locator('textarea[name=csr]').waitFor();
  assert.equal(await page.getByText('By ordering you authorise').count(), 0);
  await p.press('Place the order');
  await p.field('Names, one per line').fill(`x.${zone}`);
  await p.press('Place the order');
  await p.wrong('csr');

  p.step('archive and code in the other formats');
  await ask('limit_reveals', 'dv', 2);
  for (const [format, open] of [['pkcs8', (f, c) => ask('open_pkcs8', f, c)], ['p12', (f, c) => ask('open_p12', f, c, false)], ['p12-legacy', (f, c) => ask('open_p12', f, c, true)]]) {
    const host = await start('Archive and code');
    await page.locator('select[name=key_type]').selectOption('ec:p256');
    await page.locator('select[name=format]').selectOption(format);
    if (format === 'p12-legacy') { await p.sees('3DES and SHA-1'); await p.shot('legacy'); }
    const file = await take('locked key');
    assert.equal(file.name, `${host}.${format === 'pkcs8' ? 'key.pem' : 'p12'}`);
    const spki = await open(file.path, await p.unlockCode());
    await fits(spki, host);
    await p.shot(`issued-${format}`);
    if (format === 'pkcs8') {
      p.step('the receipt: signed, of this key; and the page to read or print');
      const receipt = await p.download(() => p.press('Download the receipt'));
      assert.equal(receipt.name, `${host}.receipt.json`);
      assert.deepEqual(await ask('check_receipt', receipt.path, spki, 'code'), { part: 'hand-over', made_by: 'service', wording: 'key-generation-1' });
      const [read] = await Promise.all([page.context().waitForEvent('page'), page.getByRole('link', { name: 'Read or print it' }).click()]);
      await read.getByText(spki).first().waitFor();
      await read.screenshot({ path: `${p.artefacts}/handover-receipt.png`, fullPage: true });
      await read.close();
      await page.locator('summary', { hasText: 'How to check it' }).click();
      assert.match((await p.download(() => page.getByRole('link', { name: 'the key that signs receipts' }).click())).name, /receipt-key\.pem/);
      p.step('once the code is gone, the page says so and offers the reissue');
      await p.press('Hide');
      await p.sees('It can be shown once more, then it is destroyed');
      await p.unlockCode();
      await p.press('Hide');
      await p.sees(/The unlock code was destroyed on .*: it was shown as often as it may be. It was shown 2 times./);
      await p.shot('code-gone');
      await p.press('Reissue with a new key');
      await page.locator('dialog').getByRole('button', { name: 'Reissue', exact: true }).waitFor();
      await page.keyboard.press('Escape');
    }
  }
  await ask('limit_reveals', 'dv', 0);
  await p.open('/orders/new');
  await until(() => page.locator('select[name=format]').inputValue(), 'p12-legacy', 'the last format, remembered');

  p.step('sealed: what cannot be sealed to is said at the field, a private key is not even sent');
  await start('Sealed to your public key');
  await page.locator('select[name=key_type]').selectOption('ec:p256');
  await p.press('Place the order');
  await p.wrong('hand_over');
  const sent = [];
  page.on('request', (r) => sent.push(r.postData() ?? ''));
  await page.locator('textarea[name=hand_over]').fill('-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXk\n');
  await p.sees('This is a private key. It was not sent');
  await p.press('Place the order');
  await page.locator('textarea[name=hand_over][aria-invalid=true]').waitFor();
  assert.ok(!sent.some((body) => body.includes('b3BlbnNzaC1rZXk')), 'a private key was sent');
  await p.shot('sealed-private');
  await p.press('Empty the field');
  await page.locator('textarea[name=hand_over]').fill('age1thisisnorecipient');
  await p.press('Place the order');
  await page.locator('textarea[name=hand_over][aria-invalid=true]').waitFor();
  await p.shot('sealed-refused');
  await page.locator('textarea[name=hand_over]').fill('age1thisisnoneeither');
  await page.locator('textarea[name=hand_over]:not([aria-invalid])').waitFor(); // what was wrong is not said of what stands there now
  await p.press('Place the order');
  await page.locator('textarea[name=hand_over][aria-invalid=true]').waitFor();

  p.step('sealed to an age recipient, SSH keys and a certificate; no code anywhere');
  for (const [kind, open, extension] of [['age', 'open_age', 'key.age'], ['ssh-ed25519', 'open_age', 'key.age'], ['ssh-rsa', 'open_age', 'key.age'], ['certificate', 'open_cms', 'p7m']]) {
    const missing = kind === 'certificate' ? '' : !(await ask('have', 'age')) ? 'age' : kind !== 'age' && !(await ask('have', 'ssh-keygen')) ? 'openssh-client' : '';
    if (missing) { p.step(`skipped ${kind}: ${missing} is not installed`); continue; }
    const host = await start('Sealed to your public key');
    await page.locator('select[name=key_type]').selectOption('ec:p256');
    const recipient = await ask('recipient', kind);
    await page.locator('textarea[name=hand_over]').fill(recipient);
    if (kind === 'age') await p.shot('sealed-form');
    const file = await take('sealed key');
    assert.equal(file.name, `${host}.${extension}`);
    await fits(await ask(open, file.path, kind), host);
    if (kind === 'age') assert.equal((await ask('check_receipt', (await p.download(() => p.press('Download the receipt'))).path, await ask(open, file.path, kind), 'sealed')).part, 'final');
    assert.equal(await p.button('Show the unlock code').count(), 0, 'a sealed order offers an unlock code');
    assert.equal(await page.getByRole('heading', { name: 'Unlock code' }).count(), 0);
    await p.sees(kind === 'age' ? recipient : kind === 'certificate' ? 'CN=Ann Example' : 'SHA256:');
    await p.shot(`sealed-issued-${kind}`);
    assert.deepEqual((await ask('remembered', p.who.email, p.who.password)).recipient?.trim(), recipient.trim());
  }

  p.step('the last choice stands there again, for the same person only, in another browser too');
  await p.open('/orders/new');
  await until(chosen, 'sealed', 'the last choice');
  assert.match(await page.locator('textarea[name=hand_over]').inputValue(), /BEGIN CERTIFICATE/);
  const elsewhere = await portal();
  await elsewhere.login(p.who);
  await elsewhere.open('/orders/new');
  await until(() => elsewhere.page.locator('input[name=way]:checked').inputValue(), 'sealed', 'the last choice, in another browser');
  const stranger = await portal({ viewport: { width: 360, height: 740 }, colorScheme: 'dark' });
  await stranger.newcomer();
  await stranger.open('/orders/new');
  await until(() => stranger.page.locator('input[name=way]:checked').inputValue(), 'code', 'what a stranger finds chosen');

  p.step('a reissue of a sealed order begins as it was');
  await p.open('/orders');
  await page.getByRole('link', { name: `${count}.${zone}` }).click();
  await p.press('Reissue');
  await until(() => page.locator('dialog').getByRole('radio', { name: 'Sealed to your public key' }).isChecked(), true, 'the order\'s way is preselected');
  await p.shot('reissue');
  await page.keyboard.press('Escape');

  p.step('on a narrow, dark screen');
  for (const title of ['Made in this browser', 'Sealed to your public key', 'Archive and code', 'My own CSR']) {
    await stranger.way(title);
    await stranger.shot(`phone-${title.split(' ')[0].toLowerCase()}`);
  }
  await stranger.field('Names, one per line').fill('phone.example.com');
  await stranger.way('Made in this browser');
  await stranger.page.locator('select[name=key_type]').selectOption('ec:p256');
  await stranger.press('Make the key');
  await stranger.saveBrowserKey();
  await stranger.shot('phone-save');

  p.step('a product that forbids making keys leaves the browser and the own CSR');
  await ask('forbid_autocsr', 'ov', true);
  try {
    await p.open('/orders/new');
    await page.locator('input[name=product][value=ov]').check();
    await until(() => page.locator('input[name=way]').evaluateAll((all) => all.map((i) => i.value).join()), 'browser,own', 'the ways that are left');
    await until(chosen, 'browser', 'what is chosen of them');
    await p.shot('forbidden');
  } finally { await ask('forbid_autocsr', 'ov', false); }

  p.step('forbidden while the form was open: the refusal is seen, though it names a field that is not shown');
  await page.reload();
  await start('Archive and code');
  await ask('forbid_autocsr', 'dv', true);
  try {
    await p.press('Place the order');
    await page.getByRole('alert').filter({ hasText: 'you make the key yourself' }).waitFor();
  } finally { await ask('forbid_autocsr', 'dv', false); }

  p.step('a browser without WebCrypto says why, and offers the rest');
  const old = await portal();
  await old.page.addInitScript(() => Object.defineProperty(Crypto.prototype, 'subtle', { get: () => undefined }));
  await old.login(p.who);
  await old.open('/orders/new');
  await until(() => old.page.getByRole('radio', { name: 'Made in this browser' }).isDisabled(), true, 'the browser\'s own key is not offered');
  await old.sees('only on pages that come over HTTPS');
  await old.shot('no-webcrypto');
}
