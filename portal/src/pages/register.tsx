// Registration, its mailed confirmation, and the invitation of a colleague.
import { useEffect, useState } from 'preact/hooks';
import { api, localProblem } from '../api';
import { href, replace } from '../router';
import { Alert, Button, Loading, Page } from '../ui/basic';
import { fieldError, Form, Input, Problem } from '../ui/form';
import { useAction } from '../ui/hooks';

export function RegisterPage() {
  const [email, setEmail] = useState('');
  const [name, setName] = useState('');
  const [password, setPassword] = useState('');
  const [done, setDone] = useState(false);
  const register = useAction(async () => { await api.register(email.trim(), password, name.trim()); setDone(true); });
  if (done) return (
    <Page title="Look into your mailbox" narrow>
      <Alert tone="info"><p>If {email} can be registered, a mail with a confirmation link goes to it. The link works once, for 24 hours.</p></Alert>
      <p>Nothing came? Look into the spam folder, or <button type="button" class="link" onClick={() => setDone(false)}>try again</button>.</p>
    </Page>
  );
  return (
    <Page title="Register" lead="One account for your company or yourself. You can invite colleagues later." narrow>
      <div class="card">
        <Form error={register.error} fields={['email', 'account_name', 'password']} onSubmit={() => void register.run()}>
          <Input name="email" type="email" label="E-mail address" autocomplete="username" required value={email} onValue={setEmail} error={fieldError(register.error, 'email')} />
          <Input name="account_name" label="Name of the account" help="Your company, or your own name." autocomplete="organization" required value={name} onValue={setName} error={fieldError(register.error, 'account_name')} />
          <NewPassword value={password} onValue={setPassword} error={fieldError(register.error, 'password')} />
          <div class="form-end"><Button type="submit" busy={register.busy}>Register</Button><a href={href('/login')}>I have an account</a></div>
        </Form>
      </div>
    </Page>
  );
}

export function NewPassword({ value, onValue, error, name = 'password', label = 'Password' }: {
  value: string; onValue: (v: string) => void; error: string; name?: string; label?: string;
}) {
  return <Input name={name} type="password" label={label} help="Long is better than complicated: several words, best from a password manager."
    autocomplete="new-password" required value={value} onValue={onValue} error={error} />;
}

/** The link from the mail. Its token is taken out of the address at once. */
export function ConfirmPage({ token }: { token: string }) {
  const [email, setEmail] = useState('');
  const confirm = useAction(async () => {
    if (!token) throw localProblem('', 'This link is not complete. Open it again from the mail.');
    setEmail((await api.confirm(token)).email);
  });
  useEffect(() => { replace('/confirm'); void confirm.run(); }, []);
  return (
    <Page title="Confirm your address" narrow>
      {email && <Alert tone="ok"><p>{email} is confirmed, and your account is open. <a href={href('/login')}>Log in</a></p></Alert>}
      {confirm.error && <><Problem error={confirm.error} /><p><a href={href('/register')}>Register again</a> to get a new link.</p></>}
      {confirm.busy && <Loading what="the answer" />}
    </Page>
  );
}

export function AcceptPage({ token }: { token: string }) {
  const [password, setPassword] = useState('');
  const [email, setEmail] = useState('');
  useEffect(() => replace('/invite'), []);
  const accept = useAction(async () => {
    if (!token) throw localProblem('', 'This link is not complete. Open it again from the mail.');
    setEmail((await api.accept(token, password)).email);
  });
  if (email) return <Page title="Welcome" narrow><Alert tone="ok"><p>{email} can log in now. <a href={href('/login')}>Log in</a></p></Alert></Page>;
  return (
    <Page title="Accept the invitation" lead="Choose a password to join the account that invited you." narrow>
      <div class="card">
        <Form error={accept.error} fields={['password']} onSubmit={() => void accept.run()}>
          <NewPassword value={password} onValue={setPassword} error={fieldError(accept.error, 'password')} />
          <div class="form-end"><Button type="submit" busy={accept.busy}>Join</Button></div>
        </Form>
      </div>
    </Page>
  );
}
