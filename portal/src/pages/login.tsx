// Login: the password first, and the second factor only when the service asks for it; or a passkey by itself.
import { useEffect, useState } from 'preact/hooks';
import { api, ApiError, localProblem, type Factor } from '../api';
import { askPasskey, passkeysHere, type RequestOptions } from '../lib/webauthn';
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
  const [asked, setAsked] = useState<ApiError | null>(null);
  const login = useAction(async (factor: Factor) => {
    try { enter(await api.login(email.trim(), password, factor)); } catch (e) {
      if (!(e instanceof ApiError) || !e.methods.length) throw wrongCode(e);
      setAsked(e);
    }
  });
  const second = useAction(async () => login.run({ passkey: await askPasskey(await freshQuestion(asked, email.trim(), password)) }));
  const alone = useAction(async () => enter(await api.passkeyLogin(await askPasskey(await api.passkeyQuestion()))));
  const back = () => { setAsked(null); setTotp(''); login.clear(); second.clear(); };
  const submit = () => { second.clear(); alone.clear(); void login.run(asked ? { totp: totp.trim() } : {}); };
  const first = !lost && (!next || next === '/');
  const offers = asked?.methods.includes('passkey') && asked.question !== null && passkeysHere();
  return (
    <div class={first ? 'welcome' : ''}>
      {first && <Welcome />}
      <Page title="Log in" narrow>
        {lost && <Alert tone="info"><p>Your session has ended. Log in again to go on where you were.</p></Alert>}
        <div class="card">
          <Form error={login.error ?? second.error ?? alone.error} fields={asked ? ['totp'] : ['email', 'password']} onSubmit={submit}>
            {asked ? (
              <>
                {offers && <div class="form-end instead"><Button busy={second.busy} onClick={() => { login.clear(); void second.run(); }}>Use your passkey</Button><span class="muted">or type a code:</span></div>}
                <SecondFactor app={asked.methods.includes('totp')} totp={totp} setTotp={setTotp} error={fieldError(login.error, 'totp')} />
              </>
            ) : (
              <>
                <Input name="email" type="email" label="E-mail address" autocomplete="username" required value={email} onValue={setEmail} error={fieldError(login.error, 'email')} />
                <Input name="password" type="password" label="Password" autocomplete="current-password" required value={password} onValue={setPassword} error={fieldError(login.error, 'password')} />
              </>
            )}
            <div class="form-end">
              <Button type="submit" kind={offers ? 'secondary' : undefined} busy={login.busy}>Log in</Button>
              {asked ? <Button kind="quiet" onClick={back}>Back</Button> : <a href={href('/reset')}>Forgot your password?</a>}
            </div>
          </Form>
          {!asked && passkeysHere() && <div class="form-end otherwise"><Button kind="secondary" busy={alone.busy} onClick={() => { login.clear(); void alone.run(); }}>Use a passkey</Button><span class="muted">without address and password</span></div>}
        </div>
        <p class="aside-note">No account yet? <a href={href('/register')}>Register</a>. To look into a CSR you need none: <a href={href('/check')}>CSR checker</a>.</p>
      </Page>
    </div>
  );
}

/** A wrong code has the id of the question, but asks nothing. */
function wrongCode(e: unknown): unknown {
  if (!(e instanceof ApiError) || !['auth.totp', 'auth.second-factor'].includes(e.id)) return e;
  const next = e.id === 'auth.totp' ? 'Wait for the next one and try again.' : 'Each recovery code works once; try another one.';
  return new ApiError(e.id, e.status, `This code is not right, or was used already. ${next}`, 'totp');
}

/** A question is good once: the first try takes the one that came with the refusal, a later one asks anew. */
const used = new WeakSet<RequestOptions>();
async function freshQuestion(asked: ApiError | null, email: string, password: string): Promise<RequestOptions> {
  let question = asked?.question ?? null;
  if (!question || used.has(question))
    question = await api.login(email, password).then(() => null, (e) => (e instanceof ApiError && e.question ? e.question : Promise.reject(e)));
  if (!question) throw localProblem('', 'Please try again.');
  used.add(question);
  return question;
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

function SecondFactor({ app, totp, setTotp, error }: { app: boolean; totp: string; setTotp: (v: string) => void; error: string }) {
  return (
    <Input name="totp" label={app ? 'Code from your authenticator app' : 'Recovery code'} help={app ? 'Six digits. If you have lost the device, type one of your recovery codes.' : 'One of the ten that you were given with your passkey.'}
      autocomplete="one-time-code" autoFocus required value={totp} onValue={setTotp} error={error} />
  );
}
