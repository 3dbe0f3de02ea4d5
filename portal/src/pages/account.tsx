// The account: its name, who uses it, and domains that the operator has approved in advance.
import { useState } from 'preact/hooks';
import { api, type Account } from '../api';
import { canManage, useUser } from '../session';
import { Alert, Button, Card, Day, Fact, Loading, Page } from '../ui/basic';
import { fieldError, Form, Input, Problem } from '../ui/form';
import { useAction, useLoad } from '../ui/hooks';
import { ProofDialog } from '../ui/second';

export function AccountPage() {
  const user = useUser();
  const account = useLoad(() => api.account(), []);
  return (
    <Page title="Account">
      {account.error && <Problem error={account.error} />}
      {!account.data && account.loading && <Loading what="the account" />}
      {account.data && (
        <Card title={account.data.name}>
          <dl class="facts">
            <Fact name="Contact">{account.data.email}</Fact>
            <Fact name="Users">{account.data.users}</Fact>
            <Fact name="Open since"><Day at={account.data.created_at} /></Fact>
            <Fact name="Unlock codes">{account.data.always_second ? 'shown with a second factor only' : 'shown after a fresh login'}</Fact>
            <Fact name="You">{user.email} ({user.role})</Fact>
            {account.data.preauthorised?.length > 0 && <Fact name="Domains approved in advance">{account.data.preauthorised.join(', ')}</Fact>}
          </dl>
        </Card>
      )}
      {canManage(user) && account.data && <Rename account={account.data} changed={account.set} />}
      {canManage(user) && account.data && <AlwaysSecond account={account.data} changed={account.set} />}
    </Page>
  );
}

/** What is typed stays when something else of the account changes. */
function Rename({ account, changed }: { account: Account; changed: (a: Account) => void }) {
  const [name, setName] = useState(account.name);
  const [saved, setSaved] = useState(false);
  const save = useAction(async () => {
    setSaved(false);
    const now = await api.renameAccount(name.trim());
    changed(now);
    setName(now.name);
    setSaved(true);
  });
  return (
    <Card title="Rename">
      <Form error={save.error} fields={['name']} onSubmit={() => void save.run()}>
        <Input name="name" label="Name of the account" value={name} onValue={setName} error={fieldError(save.error, 'name')} />
        <div class="form-end"><Button type="submit" busy={save.busy} disabled={name.trim() === account.name}>Save</Button></div>
      </Form>
      {saved && <Alert tone="ok"><p>Saved.</p></Alert>}
    </Card>
  );
}

function AlwaysSecond({ account, changed }: { account: Account; changed: (a: Account) => void }) {
  const user = useUser();
  const [asks, setAsks] = useState(false);
  const on = useAction(async () => changed(await api.alwaysSecond(true, {})));
  const able = user.totp || user.passkeys > 0;
  return (
    <Card title="Second factor for unlock codes">
      {account.always_second
        ? <p>Each unlock code of this account takes a second factor, however fresh the login is. Who has none is asked to set one up first.</p>
        : <p>Whoever has logged in within the last minutes sees an unlock code. You can demand a second factor for each.</p>}
      {on.error && <Problem error={on.error} />}
      {!able && !account.always_second && <p class="muted">Set up a second factor for yourself first, under <a href="#/account/security">Password and second factor</a>.</p>}
      <div class="form-end">
        {account.always_second
          ? <Button kind="secondary" onClick={() => setAsks(true)}>No longer demand it</Button>
          : <Button busy={on.busy} disabled={!able} onClick={() => void on.run()}>Demand it always</Button>}
      </div>
      {asks && (
        <ProofDialog title="No longer demand a second factor" doIt="Turn off" danger always onClose={() => setAsks(false)}
          act={async (proof) => { changed(await api.alwaysSecond(false, proof)); setAsks(false); }}>
          <p>The owners of the account are told by mail.</p>
        </ProofDialog>
      )}
    </Card>
  );
}
