// Login: the password first; the second factor only when the service asks for it.
import { useEffect, useState } from 'preact/hooks';
import { api, ApiError } from '../api';
import { go, href } from '../router';
import { useSession } from '../session';
import { Alert, Button, Page } from '../ui/basic';
import { fieldError, Form, Input } from '../ui/form';
import { useAction } from '../ui/hooks';

export function LoginPage({ next, lost }: { next?: string; lost?: boolean }) {
  const { enter, session } = useSession();
  useEffect(() => { if (session && !next) go('/orders'); }, [session]);
  const [email, setEmail] = useState('');
  const [password, setPassword] = useState('');
  const [totp, setTotp] = useState('');
  const [second, setSecond] = useState(false);
  const login = useAction(async () => {
    try { enter(await api.login(email.trim(), password, second ? totp.trim() : undefined)); } catch (e) {
      if (!(e instanceof ApiError) || e.id !== 'auth.totp') throw e;
      if (!second) { setSecond(true); return; }
      throw new ApiError(e.id, e.status, 'This code is not right, or was used already. Wait for the next one and try again.', 'totp');
    }
  });
  const first = !lost && (!next || next === '/');
  return (
    <div class={first ? 'welcome' : ''}>
      {first && <Welcome />}
      <Page title="Log in" narrow>
        {lost && <Alert tone="info"><p>Your session has ended. Log in again to go on where you were.</p></Alert>}
        <div class="card">
          <Form error={login.error} fields={second ? ['totp'] : ['email', 'password']} onSubmit={() => void login.run()}>
            {second ? <SecondFactor totp={totp} setTotp={setTotp} error={fieldError(login.error, 'totp')} /> : (
              <>
                <Input name="email" type="email" label="E-mail address" autocomplete="username" required value={email} onValue={setEmail} error={fieldError(login.error, 'email')} />
                <Input name="password" type="password" label="Password" autocomplete="current-password" required value={password} onValue={setPassword} error={fieldError(login.error, 'password')} />
              </>
            )}
            <div class="form-end">
              <Button type="submit" busy={login.busy}>Log in</Button>
              {second ? <Button kind="quiet" onClick={() => { setSecond(false); setTotp(''); login.clear(); }}>Back</Button> : <a href={href('/reset')}>Forgot your password?</a>}
            </div>
          </Form>
        </div>
        <p class="aside-note">No account yet? <a href={href('/register')}>Register</a>. To look into a CSR you need none: <a href={href('/check')}>CSR checker</a>.</p>
      </Page>
    </div>
  );
}

function Welcome() {
  return (
    <section class="intro" aria-label="What this is">
      <p class="claim">A certificate without the trouble of a CSR</p>
      <ol class="plain-steps">
        <li><strong>You type the names of your site.</strong> If you have a CSR, paste it; if not, you need none.</li>
        <li><strong>We make the private key and hand it to you, locked.</strong> The archive can be downloaded once. The code that opens it is shown only after your password.</li>
        <li><strong>You show that the names are yours.</strong> Put a file on your server or a record into your DNS, and the certificate follows.</li>
      </ol>
    </section>
  );
}

function SecondFactor({ totp, setTotp, error }: { totp: string; setTotp: (v: string) => void; error: string }) {
  return (
    <Input name="totp" label="Code from your authenticator app" help="Six digits. If you have lost the device, type one of your recovery codes."
      autocomplete="one-time-code" autoFocus required value={totp} onValue={setTotp} error={error} />
  );
}
