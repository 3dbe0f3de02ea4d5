// Proving who one is: the password with the second factor that one has, or a passkey by itself.
import { type ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { api, ApiError, type Factor, type Proof, type User } from '../api';
import { askPasskey, passkeysHere } from '../lib/webauthn';
import { useUser } from '../session';
import { Button } from './basic';
import { FormDialog } from './dialog';
import { fieldError, Input } from './form';
import { useAction } from './hooks';

const canAsk = (user: User) => user.passkeys > 0 && passkeysHere();

/** The field beside a password; nothing when no second factor is set up. Left empty, the passkey is asked. */
export function SecondField({ value, onValue, error, label }: { value: string; onValue: (v: string) => void; error: string; label?: string }) {
  const user = useUser();
  if (!user.totp && user.passkeys === 0) return null;
  return (
    <Input name="totp" label={user.totp ? label ?? 'Code from your authenticator app' : 'Recovery code'} autocomplete="one-time-code" value={value} onValue={onValue} error={error}
      help={canAsk(user) ? 'Leave this empty to use your passkey.' : user.totp ? undefined : 'Your passkeys do not work at this address.'} />
  );
}

/** What the field means: a code, or with an empty field the passkey. */
export async function factorOf(user: User, typed: string): Promise<Factor> {
  if (typed.trim()) return { totp: typed.trim() };
  return canAsk(user) ? { passkey: await askPasskey(await api.passkeyChallenge()) } : {};
}

/** Doing something that may need a fresh login: first without asking, unless `always`; then with what the fields say. */
export interface Proven { asks: boolean; busy: boolean; error: ApiError | null; names: string[]; submit: () => void; fields: ComponentChildren }

export function useProof(act: (proof: Proof) => Promise<void>, always = false): Proven {
  const user = useUser();
  const [asks, setAsks] = useState(always);
  const [password, setPassword] = useState('');
  const [code, setCode] = useState('');
  const go = useAction(async (passkeyAlone: boolean) => {
    try {
      if (!asks) await act({});
      else if (passkeyAlone) await act({ passkey: await askPasskey(await api.passkeyChallenge()) });
      else await act({ password, ...await factorOf(user, code) });
    } catch (e) {
      if (asks || !(e instanceof ApiError) || e.id !== 'auth.reauth') throw e;
      setAsks(true);
    }
  });
  const fields = asks && <>
    {canAsk(user) && <div class="form-end instead"><Button kind="secondary" busy={go.busy} onClick={() => void go.run(true)}>Use your passkey</Button><span class="muted">or type your password:</span></div>}
    <Input name="password" type="password" label="Your password" autocomplete="current-password" value={password} onValue={setPassword} error={fieldError(go.error, 'password')} />
    <SecondField value={code} onValue={setCode} error={fieldError(go.error, 'totp')} />
  </>;
  return { asks, busy: go.busy, error: go.error, names: asks ? ['password', 'totp'] : [], submit: () => void go.run(false), fields };
}

/** A dialog before something that needs a fresh login. */
export function ProofDialog({ title, doIt, danger, always, act, onClose, children }: {
  title: string; doIt: string; danger?: boolean; always?: boolean; act: (proof: Proof) => Promise<void>; onClose: () => void; children: ComponentChildren;
}) {
  const go = useProof(act, always);
  return (
    <FormDialog title={title} doIt={doIt} danger={danger} busy={go.busy} error={go.error} fields={go.names} onClose={onClose} onSubmit={go.submit}>
      {children}
      {go.fields}
    </FormDialog>
  );
}
