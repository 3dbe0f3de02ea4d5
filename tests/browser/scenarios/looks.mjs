// Every page, light and dark, wide and as narrow as 360 pixels: accessibility checks and a picture of each.
const pages = ['/orders', '/orders/new', '/check', '/ca', '/account', '/account/users', '/account/organisations', '/account/tokens', '/account/security', '/account/activity', '/nowhere'];
const open = ['/login', '/register', '/reset', '/invite/x', '/reset/x'];
const looks = { light: { colorScheme: 'light' }, dark: { colorScheme: 'dark' }, 'phone-light': { viewport: { width: 360, height: 740 }, colorScheme: 'light', hasTouch: true },
  'phone-dark': { viewport: { width: 360, height: 740 }, colorScheme: 'dark', hasTouch: true } };

export default async function all({ portal, ask }) {
  const first = await portal();
  const who = await first.newcomer();
  const name = await ask('new_name');
  const id = await first.order([name]);
  await first.takeArchive();
  await first.acknowledge();
  for (const [look, options] of Object.entries(looks)) {
    first.step(look);
    const p = await portal(options);
    for (const path of open) { await p.open(path); await p.shot(`${look}${path.replaceAll('/', '-')}`); }
    await p.login(who);
    for (const path of pages) { await p.open(path); await p.settled(); await p.shot(`${look}${path.replaceAll('/', '-')}`); }
    await p.open(`/orders/${id}`);
    await p.task(name).waitFor();
    await p.shot(`${look}-order`);
    if (look.startsWith('phone')) { await p.press('Menu'); await p.shot(`${look}-menu`); }
  }
}
