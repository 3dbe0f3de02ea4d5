// Loading, acting and polling: the three ways in which a page talks to the service.
import { useCallback, useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { ApiError } from '../api';
import { pollDelay } from '../lib/order';

const asProblem = (e: unknown) => (e instanceof ApiError ? e : new ApiError('page', 0, 'Something on this page went wrong. Please load it again.'));

export interface Loaded<T> { data: T | null; error: ApiError | null; loading: boolean; reload: () => Promise<void>; set: (data: T) => void }

/** Loads when `keys` change. An answer that comes after a newer question is dropped. */
export function useLoad<T>(load: () => Promise<T>, keys: unknown[]): Loaded<T> {
  const [data, setData] = useState<T | null>(null);
  const [error, setError] = useState<ApiError | null>(null);
  const [loading, setLoading] = useState(true);
  const turn = useRef(0);
  const reload = useCallback(async () => {
    const mine = ++turn.current;
    setLoading(true);
    try {
      const got = await load();
      if (mine === turn.current) { setData(got); setError(null); }
    } catch (e) {
      if (mine === turn.current) setError(asProblem(e));
    } finally { if (mine === turn.current) setLoading(false); }
  }, keys);
  useEffect(() => { void reload(); return () => { turn.current++; }; }, [reload]);
  const set = useCallback((next: T) => { turn.current++; setData(next); setError(null); setLoading(false); }, []);
  return { data, error, loading, reload, set };
}

export interface Action<A extends unknown[]> { busy: boolean; error: ApiError | null; run: (...a: A) => Promise<void>; clear: () => void }

/** Moves the focus to what has just appeared, when the control that made it appear is gone. */
export function useFocusOnce<E extends HTMLElement>() {
  const target = useRef<E>(null);
  useLayoutEffect(() => { target.current?.focus(); }, []);
  return target;
}

/** One thing the person asked for: busy while it runs, with the problem when it failed. A second click while busy does nothing. */
export function useAction<A extends unknown[]>(act: (...a: A) => Promise<void>): Action<A> {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<ApiError | null>(null);
  const running = useRef(false);
  const run = async (...a: A) => {
    if (running.current) return;
    running.current = true;
    setBusy(true);
    setError(null);
    try { await act(...a); } catch (e) { setError(asProblem(e)); } finally { running.current = false; setBusy(false); }
  };
  return { busy, error, run, clear: () => setError(null) };
}

/**
 * What a dialog is open for; null: it is closed. Null closes the dialog that was open when it was drawn, no other: an answer that
 * comes late does not close the one that was opened since.
 */
export function useDialog<T>(): [T | null, (what: T | null) => void] {
  const [open, setOpen] = useState<{ what: T } | null>(null);
  const set = (what: T | null) => setOpen((now) => (what !== null ? { what } : now === open ? null : now));
  return [open ? open.what : null, set];
}

export interface Poll { paused: boolean; restart: () => void }

/**
 * Calls `look` again and again while `active`, more slowly as long as `version` stays the same, not at all while the tab is
 * hidden, and gives up after a while, so that a forgotten tab neither works for ever nor keeps the session alive.
 */
export function usePoll(look: () => Promise<void>, active: boolean, version: string): Poll {
  const [round, setRound] = useState(0);
  const [paused, setPaused] = useState(false);
  const latest = useRef(look);
  latest.current = look;
  useEffect(() => {
    if (!active) return;
    let n = 0;
    let timer: ReturnType<typeof setTimeout> | undefined;
    let over = false;
    setPaused(false);
    const plan = () => {
      const delay = pollDelay(n++);
      if (over || document.hidden) return;
      if (delay === null) setPaused(true);
      else timer = setTimeout(() => void latest.current().finally(plan), delay);
    };
    const shown = () => { clearTimeout(timer); if (!document.hidden) { n = 0; plan(); } };
    document.addEventListener('visibilitychange', shown);
    plan();
    return () => { over = true; clearTimeout(timer); document.removeEventListener('visibilitychange', shown); };
  }, [active, version, round]);
  return { paused, restart: () => setRound((r) => r + 1) };
}
