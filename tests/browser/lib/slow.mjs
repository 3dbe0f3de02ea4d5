// A slow day, played (AUTOCSR_BROWSER_SLOW=1): every question to the API and its answer are held back for a while, and the browser
// computes six times as slowly. What a walk reads too early, and what a page shows too early, then shows at once.
const LONGEST = 1500; // milliseconds, the question's and the answer's share together
const SHORTEST = 200;
const THROTTLE = 6;

const some = (least, most) => new Promise((go) => setTimeout(go, least + Math.random() * (most - least)));

/** Answers are held back where the question can be asked for the browser; elsewhere (a Blob's bytes are not told) the question alone. */
async function late(route) {
  const request = route.request();
  await some(SHORTEST / 2, LONGEST / 2);
  const known = request.resourceType() === 'fetch' && (request.method() === 'GET' || request.postData() !== null);
  if (!known) return route.fallback();
  const response = await route.fetch({ timeout: 120_000, maxRedirects: 0 });
  await some(SHORTEST / 2, LONGEST / 2);
  await route.fulfill({ response });
}

async function throttle(page) {
  const cdp = await page.context().newCDPSession(page);
  await cdp.send('Emulation.setCPUThrottlingRate', { rate: THROTTLE });
}

/** Slows all that this context opens. A page that is closed meanwhile needs no answer. */
export async function slowDown(context) {
  context.on('page', (page) => void throttle(page).catch(() => undefined));
  await context.route(/\/api\//, (route) => late(route).catch(() => route.abort().catch(() => undefined)));
}
