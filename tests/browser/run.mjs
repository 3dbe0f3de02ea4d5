// Runs one scenario in a fresh browser: `node run.mjs NAME`. Fails on what the scenario asserts, and on any console error,
// page error, refusal by the content security policy, or request that leaves the service.
import { createInterface } from 'node:readline';
import { chromium } from 'playwright-core';
import { PATIENCE, Portal } from './lib/portal.mjs';
import { slowDown } from './lib/slow.mjs';

const { BASE, CHROMIUM, WORK, ARTEFACTS, AUTOCSR_BROWSER_SLOW: SLOW } = process.env;
const name = process.argv[2];
const replies = createInterface({ input: process.stdin })[Symbol.asyncIterator]();

async function ask(what, ...args) {
  process.stdout.write(`${JSON.stringify({ ask: what, args })}\n`);
  const { value } = await replies.next();
  const reply = JSON.parse(value);
  if (reply.error) throw new Error(`errand ${what}: ${reply.error}`);
  return reply.result;
}

const flags = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync', '--disable-dev-shm-usage'];
const browser = await chromium.launch({ executablePath: CHROMIUM, args: flags });
const faults = [];

// A refusal by the service is part of some walks and Chromium logs each: only those statuses are let through. 502 is not
// the service's: bad-days.mjs plays a broken proxy.
const expected = /status of (401|403|404|409|410|422|429|502)/;

function watch(page, base) {
  page.on('console', (m) => { if (m.type() === 'error' && !expected.test(m.text())) faults.push(`console: ${m.text()}`); });
  page.on('pageerror', (e) => faults.push(`page error: ${e.stack}`));
  page.on('request', (r) => { if (!/^(blob:|data:)/.test(r.url()) && !r.url().startsWith(base)) faults.push(`request to ${r.url()}`); });
  page.on('response', (r) => {
    const policy = r.headers()['content-security-policy'] ?? '';
    if (r.url() === `${base}/` && !/default-src 'none'/.test(policy)) faults.push('the page came without a strict content security policy');
    if (/unsafe-/.test(policy)) faults.push(`the policy is weak: ${policy}`);
  });
}

/** `base`: another address of the service; `profile`: a folder in which the browser keeps what it keeps, as it does for people. */
async function portal({ base = BASE, profile = '', ...options } = {}) {
  const settings = { ignoreHTTPSErrors: true, acceptDownloads: true, viewport: { width: 1280, height: 900 }, locale: 'en-GB', reducedMotion: 'reduce', ...options };
  const context = profile ? await chromium.launchPersistentContext(profile, { executablePath: CHROMIUM, args: flags, ...settings }) : await browser.newContext(settings);
  await context.grantPermissions(['clipboard-read', 'clipboard-write'], { origin: base });
  await context.addInitScript(() => addEventListener('securitypolicyviolation', (e) => console.error(`CSP refused ${e.violatedDirective} ${e.blockedURI}`)));
  if (SLOW) await slowDown(context);
  const page = await context.newPage();
  page.setDefaultTimeout(PATIENCE);
  watch(page, base);
  const made = new Portal({ page, ask, base, work: WORK, artefacts: ARTEFACTS, name });
  pages.push(made);
  return made;
}
const pages = [];

try {
  const { default: scenario } = await import(`./scenarios/${name}.mjs`);
  await scenario({ portal, ask });
  if (faults.length) throw new Error(`the browser complained:\n  ${faults.join('\n  ')}`);
  console.log('done');
} catch (e) {
  console.log(e.stack);
  for (const one of pages) await one.report();
  process.exitCode = 1;
} finally {
  await browser.close();
  process.stdin.destroy();
}
