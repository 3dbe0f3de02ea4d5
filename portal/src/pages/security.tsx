// Password and second factor: an authenticator app (TOTP), passkeys, and the recovery codes of both.
import { useState } from 'preact/hooks';
import { api, type Totp } from '../api';
import { useSession, useUser } from '../session';
import { saveFile } from '../lib/save';
import { Alert, Button, Card, Code, Copy, Page } from '../ui/basic';
import { fieldError, Form, Input } from '../ui/form';
import { useAction } from '../ui/hooks';
import { factorOf, SecondField } from '../ui/second';
import { DevicesCard } from './devices';
import { PasskeysCard, RecoveryCard } from './passkeys';
import { NewPassword } from './register';

export function SecurityPage() {
  const user = useUser();
  const { refresh } = useSession();
  const [codes, setCodes] = useState<string[] | null>(null);
  // What the page offers next depends on what is set up now.
  const done = useAction(async () => { await refresh(); setCodes(null); });
  if (codes) return <Page title="Password and second factor"><Recovery codes={codes} busy={done.busy} done={() => void done.run()} /></Page>;
  return (
    <Page title="Password and second factor">
      <PasswordCard />
      <PasskeysCard onCodes={setCodes} />
      {user.totp ? <TotpOff /> : <TotpOn onCodes={setCodes} />}
      {(user.totp || user.passkeys > 0) && <RecoveryCard onCodes={setCodes} />}
      <DevicesCard />
    </Page>
  );
}

function PasswordCard() {
  const user = useUser();
  const [current, setCurrent] = useState('');
  const [next, setNext] = useState('');
  const [code, setCode] = useState('');
  const [done, setDone] = useState(false);
  const change = useAction(async () => {
    setDone(false);
    await api.password(current, next, await factorOf(user, code));
    setCurrent(''); setNext(''); setCode(''); setDone(true);
  });
  return (
    <Card title="Change the password">
      {done && <Alert tone="ok"><p>Your password is changed. Your other sessions have ended.</p></Alert>}
      <Form error={change.error} fields={['current', 'new', 'totp']} onSubmit={() => void change.run()}>
        <Input name="current" type="password" label="Current password" autocomplete="current-password" value={current} onValue={setCurrent} error={fieldError(change.error, 'current')} />
        <NewPassword name="new" label="New password" value={next} onValue={setNext} error={fieldError(change.error, 'new')} />
        <SecondField value={code} onValue={setCode} error={fieldError(change.error, 'totp')} />
        <div class="form-end"><Button type="submit" busy={change.busy} disabled={!current || !next}>Change</Button></div>
      </Form>
    </Card>
  );
}

function TotpOn({ onCodes }: { onCodes: (codes: string[]) => void }) {
  const user = useUser();
  const [password, setPassword] = useState('');
  const [second, setSecond] = useState('');
  const [totp, setTotp] = useState<Totp | null>(null);
  const [code, setCode] = useState('');
  const start = useAction(async () => { setTotp(await api.totpStart(password, await factorOf(user, second))); setPassword(''); setSecond(''); });
  const confirm = useAction(async () => { const { recovery_codes } = await api.totpConfirm(code.trim()); setTotp(null); onCodes(recovery_codes); });
  return (
    <Card title="Authenticator app">
      {!totp && <>
        <p>With a second factor, nobody can log in or read an unlock code with your password alone. For this one you need an authenticator app on your phone.</p>
        <Form error={start.error} fields={['password', 'totp']} onSubmit={() => void start.run()}>
          <Input name="password" type="password" label="Your password" autocomplete="current-password" value={password} onValue={setPassword} error={fieldError(start.error, 'password')} />
          <SecondField value={second} onValue={setSecond} error={fieldError(start.error, 'totp')} />
          <div class="form-end"><Button type="submit" busy={start.busy} disabled={!password}>Set up</Button></div>
        </Form>
      </>}
      {totp && <>
        <ol class="plain-steps">
          <li><p>Scan this picture with the app.</p><img class="qr" alt="QR code for the authenticator app" src={`data:image/svg+xml;base64,${btoa(totp.qr_svg)}`} />
            <p>Or type this key into it: <code class="break">{totp.secret}</code> <Copy text={totp.secret} what="the key" /></p></li>
          <li><p>Type the six digits that the app shows.</p>
            <Form error={confirm.error} fields={['code']} onSubmit={() => void confirm.run()}>
              <Input name="code" label="Code" inputMode="numeric" autocomplete="one-time-code" value={code} onValue={setCode} error={fieldError(confirm.error, 'code')} />
              <div class="form-end"><Button type="submit" busy={confirm.busy} disabled={!code}>Switch on</Button><Button kind="quiet" onClick={() => setTotp(null)}>Not now</Button></div>
            </Form></li>
        </ol>
      </>}
    </Card>
  );
}

function Recovery({ codes, busy, done }: { codes: string[]; busy: boolean; done: () => void }) {
  const text = codes.join('\n');
  return (
    <Card title="Your recovery codes" tone="strong">
      <Alert tone="ok"><p>Done. Earlier recovery codes, if there were any, have ended.</p></Alert>
      <p>Each of these codes works once in place of your phone or passkey. They are shown this once: print them or keep them in a password manager.</p>
      <Code text={text} what="recovery codes" />
      <div class="form-end"><Button busy={busy} onClick={done}>I have them</Button><Button kind="secondary" onClick={() => saveFile('autocsr-recovery-codes.txt', new Blob([`${text}\n`]))}>Save as a file</Button></div>
    </Card>
  );
}

function TotpOff() {
  const user = useUser();
  const { refresh } = useSession();
  const [password, setPassword] = useState('');
  const [code, setCode] = useState('');
  const off = useAction(async () => { await api.totpOff(password, await factorOf(user, code)); await refresh(); });
  return (
    <Card title="Authenticator app">
      <Alert tone="ok"><p>The second factor is on.</p></Alert>
      <details>
        <summary>Switch it off</summary>
        <Form error={off.error} fields={['password', 'totp']} onSubmit={() => void off.run()}>
          <Input name="password" type="password" label="Your password" autocomplete="current-password" value={password} onValue={setPassword} error={fieldError(off.error, 'password')} />
          <SecondField label="Code from the app, or a recovery code" value={code} onValue={setCode} error={fieldError(off.error, 'totp')} />
          <div class="form-end"><Button type="submit" kind="danger" busy={off.busy} disabled={!password || (!code && user.passkeys === 0)}>Switch off</Button></div>
        </Form>
      </details>
    </Card>
  );
}
