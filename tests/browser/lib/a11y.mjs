// Accessibility checks of our own, on the page as it is now: names of controls, headings, landmarks, ids, contrast, width.

/** Returns a list of faults, empty when all is well. */
export const audit = (page) => page.evaluate(inPage);

function inPage() {
  const faults = [];
  const visible = (e) => e.checkVisibility({ checkOpacity: false, checkVisibilityCSS: true }) && e.getClientRects().length > 0;
  const where = (e) => `<${e.tagName.toLowerCase()}${e.id ? `#${e.id}` : ''}${e.name ? ` name=${e.name}` : ''}> "${(e.innerText ?? '').trim().slice(0, 40)}"`;
  // While a dialog is open, the rest of the page is inert and dimmed.
  const root = document.querySelector('dialog[open]') ?? document.body;
  const all = (selector) => [...root.querySelectorAll(selector)].filter(visible);

  const byIds = (ids) => (ids ?? '').split(/\s+/).filter(Boolean).map((id) => document.getElementById(id));
  function nameOf(e) {
    const labelled = byIds(e.getAttribute('aria-labelledby')).map((l) => l?.innerText ?? '').join(' ');
    return (labelled || e.getAttribute('aria-label') || [...(e.labels ?? [])].map((l) => l.innerText).join(' ') || e.innerText || e.getAttribute('alt') || e.title || '').trim();
  }
  for (const e of all('button, a[href], input:not([type=hidden]), select, textarea, [role=tab], dialog, nav, section[aria-labelledby]'))
    if (!nameOf(e)) faults.push(`no name: ${where(e)}`);
  for (const e of all('img')) if (!e.hasAttribute('alt')) faults.push(`no alt: ${where(e)}`);
  for (const e of all('[aria-describedby], [aria-controls]'))
    for (const attribute of ['aria-describedby', 'aria-controls'])
      if (e.hasAttribute(attribute) && byIds(e.getAttribute(attribute)).some((t) => !t)) faults.push(`${attribute} leads nowhere: ${where(e)}`);
  for (const e of all('[aria-invalid=true]')) if (!e.getAttribute('aria-describedby')) faults.push(`an error that is not tied to its field: ${where(e)}`);

  const ids = [...document.querySelectorAll('[id]')].map((e) => e.id);
  for (const id of new Set(ids)) if (ids.filter((i) => i === id).length > 1) faults.push(`id twice: ${id}`);
  if (!document.documentElement.lang) faults.push('no language');
  if (document.querySelectorAll('main').length !== 1) faults.push('not exactly one main landmark');
  if (document.querySelectorAll('h1').length !== 1) faults.push('not exactly one h1');
  let level = root === document.body ? 0 : 1;
  for (const h of all('h1, h2, h3, h4, h5, h6')) {
    const now = Number(h.tagName[1]);
    if (now > level + 1) faults.push(`heading jumps from ${level} to ${now}: ${where(h)}`);
    level = now;
  }
  if (document.querySelector('[style]:not([style=""])')) faults.push(`style attribute: ${where(document.querySelector('[style]:not([style=""])'))}`);
  if (document.documentElement.scrollWidth > innerWidth + 1) faults.push(`wider than the window by ${document.documentElement.scrollWidth - innerWidth}px`);

  // Contrast: text against the nearest opaque ground, WCAG 2.2 1.4.3. Disabled controls are exempt there too.
  const parse = (c) => { const m = c.match(/[\d.]+/g)?.map(Number) ?? [0, 0, 0]; return { rgb: m.slice(0, 3), a: m[3] ?? 1 }; };
  const mix = (top, under) => top.rgb.map((v, i) => v * top.a + under[i] * (1 - top.a));
  function ground(e) {
    const layers = [];
    for (let at = e; at; at = at.parentElement) {
      const colour = parse(getComputedStyle(at).backgroundColor);
      if (colour.a > 0) layers.push(colour);
      if (colour.a === 1) break;
    }
    return layers.reverse().reduce((under, top) => mix(top, under), matchMedia('(prefers-color-scheme: dark)').matches ? [0, 0, 0] : [255, 255, 255]);
  }
  const light = (rgb) => rgb.map((v) => { const c = v / 255; return c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4; }).reduce((s, v, i) => s + v * [0.2126, 0.7152, 0.0722][i], 0);
  const ratio = (a, b) => { const [x, y] = [light(a), light(b)].sort((p, q) => q - p); return (x + 0.05) / (y + 0.05); };
  for (const e of all('*')) {
    const text = [...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim());
    if (!text || e.closest('[disabled], [aria-busy=true]') || e.closest('.sr') || e.tagName === 'OPTION') continue;
    const style = getComputedStyle(e);
    const under = ground(e);
    const big = parseFloat(style.fontSize) >= 24 || (parseFloat(style.fontSize) >= 18.66 && Number(style.fontWeight) >= 700);
    const got = ratio(mix(parse(style.color), under), under);
    if (got < (big ? 3 : 4.5)) faults.push(`contrast ${got.toFixed(2)}: ${where(e)} ${style.color} on ${under.map(Math.round)}`);
  }
  // What the keyboard can reach must be big enough to hit (WCAG 2.2 2.5.8: 24 px, links in text are exempt).
  for (const e of all('button:not(.link), [role=button], [role=tab], select, input:not([type=radio], [type=checkbox])')) {
    const box = e.getBoundingClientRect();
    if (box.width < 24 || box.height < 24) faults.push(`too small to hit: ${where(e)} ${Math.round(box.width)}×${Math.round(box.height)}`);
  }
  return faults;
}
