// The account: its name, who uses it, and domains that the operator has approved in advance.
import { useEffect, useState } from 'preact/hooks';
import { api } from '../api';
import { canManage, useUser } from '../session';
import { Alert, Button, Card, Day, Fact, Loading, Page } from '../ui/basic';
import { fieldError, Form, Input, Problem } from '../ui/form';
import { useAction, useLoad } from '../ui/hooks';

export function AccountPage() {
  const user = useUser();
  const account = useLoad(() => api.account(), []);
  const [name, setName] = useState('');
  const [saved, setSaved] = useState(false);
  useEffect(() => { if (account.data) setName(account.data.name); }, [account.data]);
  const save = useAction(async () => { setSaved(false); account.set(await api.renameAccount(name.trim())); setSaved(true); });
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
            <Fact name="You">{user.email} ({user.role})</Fact>
            {account.data.preauthorised?.length > 0 && <Fact name="Domains approved in advance">{account.data.preauthorised.join(', ')}</Fact>}
          </dl>
        </Card>
      )}
      {canManage(user) && account.data && (
        <Card title="Rename">
          <Form error={save.error} fields={['name']} onSubmit={() => void save.run()}>
            <Input name="name" label="Name of the account" value={name} onValue={setName} error={fieldError(save.error, 'name')} />
            <div class="form-end"><Button type="submit" busy={save.busy} disabled={name.trim() === account.data.name}>Save</Button></div>
          </Form>
          {saved && <Alert tone="ok"><p>Saved.</p></Alert>}
        </Card>
      )}
    </Page>
  );
}
