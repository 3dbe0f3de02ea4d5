// A person at the portal: what one does on its pages, in the words that stand on them.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { audit } from './a11y.mjs';

/** How long anything may take before it counts as not coming, in milliseconds: long, for machines that do much else. */
export const PATIENCE = 60_000;

/** Reads until it is as wanted and returns it; `wanted` is a function or the value. The last reading is told on failure. */
export async function until(read, wanted, what) {
  const good = typeof wanted === 'function' ? wanted : (now) => now === wanted;
  for (const end = Date.now() + PATIENCE; ;) {
    const now = await read();
    if (good(now)) return now;
    assert.ok(Date.now() < end, `${what}: ${JSON.stringify(now)}`);
    await new Promise((go) => setTimeout(go, 50));
  }
}

/** From now on the answers at these addresses take a while. */
export const late = (page, where, milliseconds = 1500) => page.route(where, async (route) => {
  await new Promise((go) => setTimeout(go, milliseconds));
  await route.fallback().catch(() => undefined); // the page may be gone
});

export class Portal {
  constructor({ page, ask, base, work, artefacts, name }) {
    Object.assign(this, { page, ask, base, work, artefacts, name });
    this.shots = 0;
  }

  /** Said on failure: where the page was and what it showed. */
  async report() {
    if (this.page.isClosed()) return;
    console.log(`at ${this.page.url()}\n${(await this.page.locator('main').innerText().catch(() => '')).slice(0, 1500)}`);
    await this.page.screenshot({ path: join(this.artefacts, `${this.name}-failed.png`), fullPage: true }).catch(() => undefined);
  }

  step(text) { console.log(`- ${text}`); }

  /** A picture for people, and the accessibility checks of this moment. */
  async shot(what) {
    const file = join(this.artefacts, `${this.name}-${String(++this.shots).padStart(2, '0')}-${what}.png`);
    const faults = await audit(this.page); // first: taking the picture leaves marks of its own
    await this.page.screenshot({ path: file, fullPage: true, animations: 'disabled' });
    assert.deepEqual(faults, [], `accessibility of "${what}"`);
    return file;
  }

  /** Goes to a page and waits until it stands there: another page's heading has gone by then. */
  async open(path) {
    const place = (url) => (url.split('#')[1] ?? '').split('?')[0];
    const before = place(this.page.url()) === place(`#${path}`) ? null : await this.page.$('main h1');
    await this.page.goto(`${this.base}/#${path}`);
    if (before) await until(() => before.evaluate((h) => h.isConnected).catch(() => false), false, `the page before ${path} still stands there`);
    await this.page.locator('main h1').waitFor();
  }

  /** Nothing on the page is being loaded or done. */
  async settled() { await until(() => this.page.locator('main [aria-busy=true]').count(), 0, 'what is busy on the page'); }

  button(name) { return this.page.getByRole('button', { name, exact: true }); }
  async press(name) { await this.button(name).first().click(); }
  field(label) { return this.page.getByLabel(label, { exact: false }); }
  async fill(values) { for (const [label, text] of Object.entries(values)) await this.field(label).first().fill(text); }
  async sees(text, timeout) { await this.page.getByText(text).first().waitFor({ timeout }); }
  /** The field with this name in a form says that it is wrong. */
  async wrong(name) { await this.page.locator(`[name="${name}"][aria-invalid=true]`).waitFor(); }
  /** The clipboard holds exactly this. */
  async copied(text) { await until(() => this.page.evaluate(() => navigator.clipboard.readText()), text, 'the clipboard'); }
  async heading(text) { await this.page.getByRole('heading', { level: 1, name: text }).waitFor(); }

  /** The text of the box under a label such as "Make a file with exactly this content". */
  async shown(card, label) {
    return (await card.locator('li', { hasText: label }).locator('pre').innerText()).trim();
  }

  async download(click, name) {
    const [file] = await Promise.all([this.page.waitForEvent('download'), click()]);
    const path = join(this.work, name ?? file.suggestedFilename());
    await file.saveAs(path);
    return { path, name: file.suggestedFilename() };
  }

  // ---- errands of a whole visit

  async register() {
    const who = await this.ask('new_person');
    await this.open('/register');
    await this.fill({ 'E-mail address': who.email, 'Name of the account': 'Browser Test Ltd', Password: who.password });
    await this.press('Register');
    await this.heading('Look into your mailbox');
    const token = await this.ask('mailed_token', who.email, 'confirm');
    await this.open(`/confirm/${token}`);
    await this.sees('is confirmed');
    assert.ok(!this.page.url().includes(token), 'the one-time token stays in the address');
    this.who = who;
    return who;
  }

  async login(who = this.who) {
    await this.open('/login');
    await this.fill({ 'E-mail address': who.email, Password: who.password });
    await this.press('Log in');
    await this.heading('Orders');
    this.who = who;
  }

  async newcomer() {
    await this.register();
    await this.login();
    return this.who;
  }

  /** A way of the hand-over, by the first words of its card. */
  async way(title) { await this.page.getByRole('radio', { name: title }).check(); }

  /** The step in which the browser's own key is saved: the file and the code, both as the page gives them. */
  async saveBrowserKey() {
    await this.sees('Nothing is ordered yet', 2 * PATIENCE);
    await this.page.locator('.code-groups span').first().waitFor();
    const file = await this.download(() => this.page.getByRole('button', { name: /^Save / }).click());
    const code = (await this.page.locator('.code-groups span').allInnerTexts()).join('');
    assert.match(code, /^[0-9A-HJKMNP-TV-Z]{26}$/);
    return { ...file, code };
  }
  async sendBrowserKey() {
    await this.press('I have the file and the code');
    await this.page.waitForURL(/#\/orders\/ord_/);
  }

  /** Fills the form, in the way that is chosen already, and places the order. */
  async order(names, product = 'dv') {
    await this.open('/orders/new');
    await this.page.locator(`input[name=product][value="${product}"]`).check();
    await this.field('Names, one per line').fill(names.join('\n'));
    await this.press('Place the order');
    await this.page.waitForURL(/#\/orders\/ord_/);
    return this.page.url().split('/').pop();
  }

  /** `what`: "key archive", "locked key" or "sealed key", as the page calls it. */
  async takeArchive(what = 'key archive') {
    await this.button(`Download the ${what}`).waitFor();
    const archive = await this.download(() => this.press(`Download the ${what}`));
    await this.sees('Look into your downloads folder');
    return archive;
  }

  async acknowledge() {
    await this.press('I have the file');
    await this.page.locator('.stepper li.now', { hasText: 'Domain check' }).waitFor();
  }

  task(name) { return this.page.locator('section.card', { has: this.page.getByRole('heading', { name: `Show that ${name} is yours`, exact: true }) }); }

  /** Publishes what the page tells to publish, exactly as it stands there. */
  async publish(name, method = 'http') {
    const card = this.task(name);
    await card.locator('pre').first().waitFor(); // before that there is no choice
    const choice = card.getByRole('radio', { name: method === 'http' ? 'A file on the web server' : 'A DNS record' });
    if (await choice.count()) await choice.check();
    if (method === 'http')
      await this.ask('publish_file', await this.shown(card, 'It must then be found at this address'), await this.shown(card, 'Make a file'));
    else await this.ask('publish_record', await this.shown(card, 'with this name'), await this.shown(card, 'exactly this value'));
    await card.getByRole('button', { name: 'Check now' }).click();
  }

  async issued() { await this.page.getByText('Your certificate is ready').first().waitFor({ timeout: 2 * PATIENCE }); }

  async unlockCode(password = this.who.password) {
    await this.press('Show the unlock code');
    await this.page.locator('dialog').getByLabel('Your password').fill(password);
    await this.page.locator('dialog').getByRole('button', { name: 'Show', exact: true }).click();
    await this.page.locator('.code-groups').waitFor();
    return (await this.page.locator('.code-groups span').allInnerTexts()).join('');
  }

  async unlockCodeByPasskey(dialog) {
    await this.press('Show the unlock code');
    await dialog.getByRole('button', { name: 'Use your passkey' }).click();
    await this.page.locator('.code-groups').waitFor();
    return (await this.page.locator('.code-groups span').allInnerTexts()).join('');
  }

  async certificates() {
    const out = {};
    for (const title of ['Full chain', 'Certificate', 'Chain', 'DER', 'PKCS#7'])
      out[title] = (await this.download(() => this.press(title))).path;
    return out;
  }

  /** Nothing secret may be left where scripts or the next user of the browser can find it. */
  async nothingStored(...secrets) {
    const kept = await this.page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie, location.href, history.state]));
    for (const secret of secrets) assert.ok(!kept.includes(secret), `found in storage or address: ${kept}`);
    assert.equal(await this.page.evaluate(() => localStorage.length + sessionStorage.length + document.cookie.length), 0);
  }
}
