// Live feedback while names are typed. It only spares a round trip: the service judges every name again.

export interface NameVerdict { input: string; name: string; ok: boolean; note: string }
export interface NameRules { wildcard: boolean; max: number }

const IPV4 = /^(\d{1,3})(\.\d{1,3}){3}$/;

/** Lines, or names that somebody pasted with commas or spaces between them. */
export const splitNames = (text: string) => text.split(/[\s,;]+/).map((s) => s.trim()).filter(Boolean);

/** The ASCII form of a name typed in any script, as a browser would ask for it; empty when there is none. */
export function toAscii(name: string): string {
  const star = name.startsWith('*.') ? '*.' : '';
  try { return star + new URL(`http://${name.slice(star.length)}/`).hostname; } catch { return ''; }
}

function shapeProblem(name: string): string {
  if (/^[a-z]+:\/\//i.test(name)) return 'give only the host name, without https:// and path';
  if (name.includes('@')) return 'this is an e-mail address, not a host name';
  if (name.includes('/')) return 'give only the host name, without a path';
  if (/:\d+$/.test(name) && !name.includes('::') && name.split(':').length === 2) return 'leave the port out';
  if (name.includes('*') && !/^\*\.[^*]+$/.test(name)) return 'the star may only stand at the very left: *.example.com';
  if (name.endsWith('.')) return 'leave out the dot at the end';
  return '';
}

function labelProblem(ascii: string): string {
  const labels = ascii.replace(/^\*\./, '').split('.');
  if (ascii.length > 253) return 'longer than 253 characters';
  if (labels.length < 2) return 'not a full name: something like www.example.com';
  for (const label of labels) {
    if (!label) return 'two dots in a row, or a dot at the start';
    if (label.length > 63) return `the part "${label.slice(0, 12)}…" is longer than 63 characters`;
    if (label.includes('_')) return 'an underscore is not allowed in a host name';
    if (!/^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/.test(label)) return `the part "${label}" has a character that is not allowed`;
  }
  return /^\d+$/.test(labels[labels.length - 1] ?? '') ? 'the last part cannot be a number' : '';
}

function ipVerdict(name: string): string | null {
  if (IPV4.test(name)) return name.split('.').every((n) => Number(n) < 256) ? 'an IP address' : null;
  return /^[0-9a-f:.]+$/i.test(name) && name.includes('::') || /^([0-9a-f]{1,4}:){7}[0-9a-f]{1,4}$/i.test(name) ? 'an IP address' : null;
}

export function checkName(input: string, rules: NameRules): NameVerdict {
  const name = input.toLowerCase();
  const bad = (note: string): NameVerdict => ({ input, name, ok: false, note });
  const ip = ipVerdict(name);
  if (ip) return { input, name, ok: true, note: ip };
  const shape = shapeProblem(name);
  if (shape) return bad(shape);
  // Plain ASCII is judged as typed, so that the browser does not "mend" it silently.
  const ascii = /^[\x21-\x7e]*$/.test(name) ? name : toAscii(name);
  if (!ascii) return bad('not a host name');
  const problem = labelProblem(ascii);
  if (problem) return bad(problem);
  if (ascii.startsWith('*.') && !rules.wildcard) return bad('this product has no wildcards; choose a wildcard product');
  return { input, name: ascii, ok: true, note: ascii === name ? (ascii.startsWith('*.') ? 'wildcard, checked by DNS' : '') : `in the certificate: ${ascii}` };
}

/** One verdict for each name typed; a repeated name and one above the product's limit are marked. */
export function checkNames(text: string, rules: NameRules): NameVerdict[] {
  const seen = new Set<string>();
  return splitNames(text).map((input) => {
    const verdict = checkName(input, rules);
    if (!verdict.ok) return verdict;
    if (seen.has(verdict.name)) return { ...verdict, ok: false, note: 'already in the list' };
    seen.add(verdict.name);
    return seen.size > rules.max ? { ...verdict, ok: false, note: `this product holds at most ${rules.max} names` } : verdict;
  });
}
