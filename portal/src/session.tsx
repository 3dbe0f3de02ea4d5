// Who is logged in. Asked from the service at start; kept in memory, so that closing the tab forgets everything.
import { createContext, type ComponentChildren } from 'preact';
import { useContext, useEffect, useMemo, useState } from 'preact/hooks';
import { api, ApiError, onSessionLost, type HandOver, type Session, type User } from './api';

interface SessionContext {
  session: Session | null; loading: boolean; lost: boolean; problem: string;
  enter: (session: Session) => void; leave: () => Promise<void>; refresh: () => Promise<void>; chose: (how: HandOver | undefined) => void;
}

const Context = createContext<SessionContext | null>(null);

export function SessionProvider({ children }: { children: ComponentChildren }) {
  const [session, setSession] = useState<Session | null>(null);
  const [loading, setLoading] = useState(true);
  const [lost, setLost] = useState(false);
  const [problem, setProblem] = useState('');
  const value = useMemo<SessionContext>(() => ({
    session, loading, lost, problem,
    enter: (s) => { setSession(s); setLost(false); setProblem(''); },
    // The service remembers it too: this spares asking again.
    chose: (how) => { if (how) setSession((s) => s && { ...s, hand_over: how }); },
    leave: async () => { await api.logout(); setSession(null); setLost(false); },
    refresh: async () => {
      try { setSession(await api.session()); setProblem(''); } catch (e) {
        if (e instanceof ApiError && e.status === 401) setSession(null);
        else setProblem(e instanceof ApiError ? e.detail : 'The service cannot be reached.');
      }
    },
  }), [session, loading, lost, problem]);
  useEffect(() => {
    onSessionLost(() => { setSession(null); setLost(true); });
    void value.refresh().finally(() => setLoading(false));
  }, []);
  return <Context.Provider value={value}>{children}</Context.Provider>;
}

export function useSession(): SessionContext {
  const value = useContext(Context);
  if (!value) throw new Error('useSession outside SessionProvider');
  return value;
}

/** The user of a page that is only shown to people who are logged in. */
export function useUser(): User {
  const { session } = useSession();
  if (!session) throw new Error('no session');
  return session.user;
}
export const canWrite = (user: User) => user.role !== 'auditor';
export const canManage = (user: User) => user.role === 'owner' || user.role === 'admin';
