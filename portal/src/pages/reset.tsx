// A forgotten password: ask for the mail, and use its link.
import { useEffect, useState } from 'preact/hooks';
import { api } from '../api';
import { href, replace } from '../router';
import { Alert, Button, Page } from '../ui/basic';
import { fieldError, Form, Input } from '../ui/form';
import { useAction } from '../ui/hooks';
import { NewPassword } from './register';

export function ResetPage() {
  const [email, setEmail] = useState('');
  const [done, setDone] = useState(false);
  const ask = useAction(async () => { await api.resetRequest(email.trim()); setDone(true); });
  return (
    <Page title="Forgot your password?" narrow>
      {done ? <Alert tone="info"><p>If there is a user with the address {email}, a mail with a link goes to it. The link works once, for one hour.</p></Alert> : (
        <div class="card">
          <Form error={ask.error} fields={['email']} onSubmit={() => void ask.run()}>
            <Input name="email" type="email" label="E-mail address" autocomplete="username" required value={email} onValue={setEmail} error={fieldError(ask.error, 'email')} />
            <div class="form-end"><Button type="submit" busy={ask.busy}>Mail me a link</Button><a href={href('/login')}>Back to login</a></div>
          </Form>
        </div>
      )}
    </Page>
  );
}

export function ResetConfirmPage({ token }: { token: string }) {
  const [password, setPassword] = useState('');
  const [done, setDone] = useState(false);
  useEffect(() => replace('/reset'), []);
  const set = useAction(async () => { await api.resetConfirm(token, password); setDone(true); });
  if (done) return <Page title="New password set" narrow><Alert tone="ok"><p>Your password is changed and every session of yours has ended. <a href={href('/login')}>Log in</a></p></Alert></Page>;
  return (
    <Page title="Choose a new password" narrow>
      <div class="card">
        <Form error={set.error} fields={['password']} onSubmit={() => void set.run()}>
          <NewPassword value={password} onValue={setPassword} error={fieldError(set.error, 'password')} />
          <div class="form-end"><Button type="submit" busy={set.busy}>Set the password</Button><a href={href('/reset')}>Get a new link</a></div>
        </Form>
      </div>
    </Page>
  );
}
