// Hash routing: `#/orders/ord_1?tab=x`. The server never sees the path, so it needs no rewrites, and links in mails
// can carry a one-time token that does not reach any log.
import { useEffect, useLayoutEffect, useState } from 'preact/hooks';

export interface Location { path: string; parts: string[]; query: URLSearchParams }

export function parseHash(hash: string): Location {
  const raw = hash.replace(/^#/, '') || '/';
  const cut = raw.indexOf('?');
  const path = cut < 0 ? raw : raw.slice(0, cut);
  return { path, parts: path.split('/').filter(Boolean).map(decode), query: new URLSearchParams(cut < 0 ? '' : raw.slice(cut + 1)) };
}

function decode(part: string): string {
  try { return decodeURIComponent(part); } catch { return part; }
}

/** Builds `#/path?query`, leaving out empty values. */
export function href(path: string, query: Record<string, string | undefined> = {}): string {
  const q = new URLSearchParams();
  for (const [key, value] of Object.entries(query)) if (value) q.set(key, value);
  const tail = q.toString();
  return `#${path}${tail ? `?${tail}` : ''}`;
}

export function go(path: string, query?: Record<string, string | undefined>) { location.hash = href(path, query); }

/** Changes the address without a new page or history entry: for search fields and for tokens that must not stay visible. */
export function replace(path: string, query?: Record<string, string | undefined>) {
  history.replaceState(null, '', href(path, query));
}

let guard = '';

/** While `text` is not empty, the page asks before it is left: by a link, by the browser's buttons, by closing or loading again. */
export function useLeaveGuard(text: string) {
  useEffect(() => {
    guard = text;
    if (!text) return;
    const ask = (e: BeforeUnloadEvent) => { if (!guard) return; e.preventDefault(); e.returnValue = text; };
    addEventListener('beforeunload', ask);
    return () => { guard = ''; removeEventListener('beforeunload', ask); };
  }, [text]);
}
/** For what closes without a new address, such as a dialog. */
export const mayLeave = () => !guard || confirm(guard);
/** The page itself is done and goes on: nobody is asked. */
export const leaveFreely = () => { guard = ''; };

export function useLocation(): Location {
  const [hash, setHash] = useState(location.hash);
  // In the same turn as the first look: an address that changes between the two would be missed.
  useLayoutEffect(() => {
    let at = location.hash;
    const changed = () => {
      if (location.hash !== at && !mayLeave()) { history.pushState(null, '', at || '#/'); return; }
      guard = '';
      at = location.hash;
      setHash(at);
    };
    addEventListener('hashchange', changed);
    return () => removeEventListener('hashchange', changed);
  }, []);
  return parseHash(hash);
}
