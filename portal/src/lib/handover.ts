// The ways in which a private key reaches its owner: what the order form offers, what it sends, how it is said. Pure functions.
import type { CodeInfo, HandOver, Level, NewOrder, Order, OrganisationFields, Product } from '../api';

export type Way = 'browser' | 'sealed' | 'code' | 'own';
export interface KeyWish {
  way: Way; lock: 'zip' | 'pkcs8'; format: 'zip' | 'pkcs8' | 'p12' | 'p12-legacy'; recipient: string; csr: string; keyType: string; delivery: 'download' | 'email';
}

/** Safest first; one sentence each. */
export const ways: { value: Way; title: string; note: string }[] = [
  { value: 'browser', title: 'Made in this browser', note: 'Your browser makes the key and locks it into a file; only the CSR leaves this computer, and the code that opens the file is shown once.' },
  { value: 'sealed', title: 'Sealed to your public key', note: 'We make the key and seal it to your age, SSH or X.509 key: only your own private key opens it, and no code exists.' },
  { value: 'code', title: 'Archive and code', note: 'We make the key and lock it into an archive; the code that opens it can be looked up in your account for some days.' },
  { value: 'own', title: 'My own CSR', note: 'Or you make the key yourself, best on the server that will use it, and paste the CSR.' },
];

/** What can be chosen: a product that forbids making keys leaves those that you make. */
export const waysFor = (product: Pick<Product, 'autocsr'>) => ways.filter((w) => product.autocsr || w.value === 'browser' || w.value === 'own');

/**
 * What is chosen before anybody chose. What this person took last time; else archive and code, the most forgiving on a bad
 * day: the code can be looked up again, from another computer too, and a lost archive costs one click.
 */
export function firstWay(last: HandOver | null, product: Pick<Product, 'autocsr'>, browser: boolean): Way {
  const wanted: Way = last?.grade ?? 'code';
  const possible = waysFor(product).some((w) => w.value === wanted) && (wanted !== 'browser' || browser);
  if (possible) return wanted;
  if (product.autocsr) return 'code';
  return browser ? 'browser' : 'own';
}

export function firstWish(last: HandOver | null, product: Pick<Product, 'autocsr' | 'default_key_type'>, browser: boolean): KeyWish {
  const way = firstWay(last, product, browser);
  const format = last?.format ?? '';
  return {
    way, lock: last?.grade === 'browser' && format === 'pkcs8' ? 'pkcs8' : 'zip',
    format: last?.grade === 'code' && (format === 'pkcs8' || format === 'p12' || format === 'p12-legacy') ? format : 'zip',
    recipient: last?.recipient ?? '', csr: '', keyType: product.default_key_type, delivery: 'download',
  };
}

/** The members of an order or reissue that say how the key is made. `csr` is the browser's own when it made one. */
export function keyFields(wish: KeyWish, csr: string): Pick<NewOrder, 'csr' | 'key_type' | 'delivery' | 'hand_over'> {
  switch (wish.way) {
    case 'browser': return { csr, hand_over: { grade: 'browser', format: wish.lock } };
    case 'sealed': return { key_type: wish.keyType, delivery: wish.delivery, hand_over: { grade: 'sealed', recipient: wish.recipient.trim() } };
    case 'code': return { key_type: wish.keyType, delivery: wish.delivery, hand_over: { grade: 'code', format: wish.format } };
    case 'own': return { csr: wish.csr };
  }
}

/** Somebody who pastes the secret half of a key pair is told before it is sent. */
export const looksSecret = (text: string) => /-----BEGIN [A-Z ]*PRIVATE KEY|AGE-SECRET-KEY-|PuTTY-User-Key-File/i.test(text);

/** What an order of this organisation has in its subject, as core's intake takes it. */
export function organisationSubject(o: OrganisationFields, level: Level): Record<string, string> {
  const all: Record<string, string> = { O: o.name, L: o.locality, ST: o.state, C: o.country };
  if (level === 'ev') Object.assign(all, { businessCategory: o.business_category, jurisdictionC: o.jurisdiction_country, jurisdictionST: o.jurisdiction_state, serialNumber: o.registration_number });
  return Object.fromEntries(Object.entries(all).filter(([, v]) => v));
}

// ---- an order that is there

export type Grade = NonNullable<Order['hand_over']>['grade'];
export const gradeOf = (order: Order): Grade => order.hand_over?.grade ?? (order.key_source === 'autocsr' ? 'code' : 'own-csr');
export const formatOf = (order: Order): string => order.hand_over?.format ?? 'zip';

const gradeTexts: Record<Grade, string> = { browser: 'Made in your browser', sealed: 'Sealed to your public key', code: 'Archive and code', 'own-csr': 'Your own CSR' };
const formatTexts: Record<string, string> = {
  zip: 'ZIP archive, AES-256', pkcs8: 'encrypted PKCS#8', p12: 'PKCS#12', 'p12-legacy': 'PKCS#12 for old programs', age: 'age', cms: 'CMS',
};
/** "Archive and code (ZIP archive, AES-256)". */
export function gradeText(order: Order): string {
  const grade = gradeOf(order);
  return gradeTexts[grade] + (grade === 'own-csr' ? '' : ` (${formatTexts[formatOf(order)] ?? formatOf(order)})`);
}
/** What the file with the key is called in running text. */
export const fileWord = (order: Order) => (formatOf(order) === 'zip' ? 'key archive' : gradeOf(order) === 'sealed' ? 'sealed key' : 'locked key');

/** What is known of the unlock code without showing it: until when, how often still, or why it is gone. */
export function codeState(info: CodeInfo, day: (iso: string) => string): string {
  const seen = info.reveals === 1 ? 'once' : `${info.reveals} times`;
  if (info.state === 'destroyed')
    return `The unlock code was destroyed${info.destroyed_at ? ` on ${day(info.destroyed_at)}` : ''}${info.reason ? `: ${info.reason}` : ''}. It was ${info.reveals ? `shown ${seen}` : 'never shown'}.`;
  if (info.state === 'expired')
    return `The unlock code is no longer shown: its window is over, and it is about to be destroyed. It was ${info.reveals ? `shown ${seen}` : 'never shown'}.`;
  const left = info.reveals_left ?? null;
  const often = left === null ? '' : `It can be shown ${left === 1 ? 'once' : `${left} times`}${info.reveals ? ' more' : ''}, then it is destroyed. `;
  return `${info.expires_at ? `It is destroyed on ${day(info.expires_at)}. ` : ''}${often}${info.reveals ? `Shown ${seen} so far.` : 'Not shown yet.'}`;
}

/** The common part of an order's file names: "www.example.com.key.age" is "www.example.com". */
export const fileBase = (filename: string) => filename.replace(/\.(zip|key|key\.pem|key\.age|p12|p7m)$/, '');
