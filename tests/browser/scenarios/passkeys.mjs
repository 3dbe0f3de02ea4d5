// Passkeys, with Chromium's virtual authenticator: add, log in by it, second step, reveal with it, remove.
import assert from 'node:assert/strict';
import { VirtualAuthenticator } from '../lib/authenticator.mjs';

export default async function passkeys({ portal, ask }) {
  const base = process.env.BASE.replace('127.0.0.1', 'localhost'); // a passkey belongs to a name
  const p = await portal({ base });
  const { page } = p;
  const device = await VirtualAuthenticator.plug(page);
  const owner = await p.newcomer();

  p.step('add a passkey; the first one brings recovery codes');
  await p.open('/account/security');
  await p.field('Name for a new passkey').fill('my phone');
  await page.route('**/api/v1/session', (r) => r.fulfill({ status: 502, contentType: 'text/html', body: '' }), { times: 1 });
  await Promise.all([page.waitForResponse((r) => r.url().endsWith('/session') && r.status() === 502), p.press('Add a passkey')]);
  await p.sees('Your recovery codes'); // they are shown this once: a bad answer meanwhile does not take them away
  const codes = (await page.locator('.card.strong pre').innerText()).trim().split(/\s+/);
  assert.equal(codes.length, 10);
  await p.shot('recovery-codes');
  await p.nothingStored(codes[0]);
  await p.press('I have them');
  await page.getByRole('row', { name: /my phone/ }).waitFor();
  const [credential] = await device.credentials();
  assert.equal(credential.isResidentCredential, true, 'the passkey cannot be found without the address');
  assert.equal(credential.rpId, 'localhost');
  assert.ok(!Buffer.from(credential.userHandle, 'base64').includes(owner.email), 'the user handle tells the address');
  await p.shot('listed');

  p.step('one that is there already is not added again');
  await p.field('Name for a new passkey').fill('the same');
  await p.press('Add a passkey');
  const dialog = page.locator('dialog');
  await dialog.getByText('Show once more that it is you').waitFor();
  await p.shot('show-once-more');
  await dialog.getByRole('button', { name: 'Use your passkey' }).click();
  await p.sees('already has a passkey for you');
  await dialog.getByRole('button', { name: 'Back' }).click();

  p.step('log in with it alone');
  await p.press('Log out');
  await p.heading('Log in');
  await p.shot('login');
  await p.press('Use a passkey');
  await p.heading('Orders');

  p.step('a finger that does not fit does not log in');
  await p.press('Log out');
  await p.heading('Log in');
  await device.verified(false);
  await p.press('Use a passkey');
  await page.getByRole('alert').getByText('No passkey was used').waitFor();
  await p.shot('login-refused');
  await device.verified(true);

  p.step('password, then the passkey as second step; a wrong code first');
  await p.fill({ 'E-mail address': owner.email, Password: owner.password });
  await p.press('Log in');
  await p.field('Recovery code').fill('aaaaa-aaaaa');
  await p.press('Log in');
  await page.locator('small.error').getByText('This code is not right').waitFor();
  await p.shot('second-step');
  await p.press('Use your passkey');
  await p.heading('Orders');

  p.step('or a recovery code');
  await p.press('Log out');
  await p.heading('Log in');
  await p.fill({ 'E-mail address': owner.email, Password: owner.password });
  await p.press('Log in');
  await p.field('Recovery code').fill(codes[3]);
  await p.press('Log in');
  await p.heading('Orders');

  p.step('the unlock code: with the passkey; it is nowhere before and after');
  const id = await p.order([await ask('new_name')]);
  await p.takeArchive();
  await p.acknowledge();
  const before = await page.content();
  await p.press('Show the unlock code');
  await dialog.getByRole('button', { name: 'Use your passkey' }).waitFor();
  await p.shot('reveal-asks');
  await dialog.getByRole('button', { name: 'Use your passkey' }).click();
  await page.locator('.code-groups').waitFor();
  const groups = await page.locator('.code-groups span').allInnerTexts();
  const code = groups.join('');
  assert.match(code, /^[0-9A-HJKMNP-TV-Z]{26}$/);
  await p.shot('revealed');
  const pieces = [code, groups.join('-'), groups.join(' '), ...groups.filter((g) => g.length > 3)];
  for (const piece of pieces) assert.ok(!before.includes(piece), 'the code was in the page before');
  await page.getByRole('button', { name: 'Copy unlock code' }).click();
  await p.copied(code);
  await p.press('Hide');
  await p.button('Show the unlock code').waitFor();
  await p.nothingStored(...pieces);
  for (const piece of pieces) assert.ok(!(await page.content()).includes(piece), 'the code is in the page after it was hidden');

  p.step('hidden after a minute, and after leaving the page');
  await page.clock.install();
  const shown = await p.unlockCodeByPasskey(dialog);
  assert.equal(shown, code);
  await page.clock.fastForward(61_000);
  await page.locator('.code-groups').waitFor({ state: 'detached' });
  assert.ok(!(await page.content()).includes(groups[0]), 'the code outlives its minute');
  await p.unlockCodeByPasskey(dialog);
  await p.open('/orders');
  await page.goBack();
  await p.button('Show the unlock code').waitFor();
  assert.ok(!(await page.content()).includes(groups[0]), 'the code comes back with the page');
  await p.sees('Shown 3 times');
  assert.ok(page.url().endsWith(id));

  p.step('the password with the passkey beside it');
  await p.press('Show the unlock code');
  await dialog.getByLabel('Your password').fill(owner.password);
  await dialog.getByRole('button', { name: 'Show', exact: true }).click();
  await page.locator('.code-groups').waitFor();
  await p.press('Hide');

  p.step('rename and remove');
  await p.open('/account/security');
  await page.getByRole('row', { name: /my phone/ }).getByRole('button', { name: 'Rename' }).click();
  await dialog.getByLabel('New name').fill('<b>old phone</b>');
  await dialog.getByRole('button', { name: 'Rename', exact: true }).click();
  await page.getByRole('row', { name: /<b>old phone<\/b>/ }).waitFor();
  await p.sees('left');
  await p.press('Make new codes');
  await dialog.getByRole('button', { name: 'Make them' }).click();
  await p.sees('Your recovery codes');
  const fresh = (await page.locator('.card.strong pre').innerText()).trim().split(/\s+/);
  assert.ok(!fresh.includes(codes[5]));
  await p.press('I have them');
  await page.getByRole('row', { name: /old phone/ }).getByRole('button', { name: 'Remove' }).click();
  await p.shot('remove');
  await dialog.getByRole('button', { name: 'Remove', exact: true }).click();
  await page.getByRole('row', { name: /old phone/ }).waitFor({ state: 'detached' });
  await p.press('Log out');
  await p.heading('Log in');
  await p.press('Use a passkey');
  await page.getByRole('alert').getByText('not known here').waitFor();
  await p.login(owner);

  p.step('a colleague loses the device; the owner vouches for them');
  const mate = await ask('new_person');
  await p.open('/account/users');
  await p.fill({ 'E-mail address': mate.email });
  await p.press('Invite');
  await p.sees(`${mate.email} is invited`);
  const other = await portal({ base, colorScheme: 'dark' });
  await VirtualAuthenticator.plug(other.page);
  await other.open(`/invite/${await ask('mailed_token', mate.email, 'invite')}`);
  await other.fill({ Password: mate.password });
  await other.press('Join');
  await other.sees('can log in now');
  await other.login(mate);
  await other.open('/account/security');
  await other.field('Name for a new passkey').fill('lost phone');
  await other.press('Add a passkey');
  await other.press('I have them');
  await other.page.getByRole('row', { name: /lost phone/ }).waitFor();
  await other.shot('dark');
  await page.reload();
  await page.getByRole('row', { name: mate.email }).getByRole('button', { name: 'Lost second factor' }).click();
  await p.shot('lost-second-factor');
  await dialog.getByRole('button', { name: 'Remove it' }).click();
  await page.getByRole('row', { name: mate.email }).getByText('off').waitFor();
  await other.page.reload();
  await other.login(mate);

  p.step('by its address instead of its name the service says where passkeys work');
  const plain = await portal();
  await plain.login(owner);
  await plain.open('/account/security');
  await plain.sees('Passkeys belong to a name');
  await plain.shot('by-address');
  await plain.press('Log out');
  await plain.heading('Log in');
  assert.equal(await plain.button('Use a passkey').count(), 0, 'a passkey is offered where the browser would refuse it');
}
