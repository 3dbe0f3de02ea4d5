// ACME for customers: the addresses that clients are told, keys that bind them to this account, commands to paste, their accounts.
import { useState } from 'preact/hooks';
import { api, type AcmeAccount, type AcmeDirectory, type EabKey } from '../api';
import { acmeClients } from '../lib/acme-clients';
import { canWrite, useUser } from '../session';
import { Alert, Badge, Button, Card, Code, Day, Empty, Loading, Page, Time } from '../ui/basic';
import { FormDialog } from '../ui/dialog';
import { fieldError, Form, Input, Problem, Select } from '../ui/form';
import { useAction, useDialog, useLoad } from '../ui/hooks';
import { Tabs } from '../ui/tabs';

export function AcmePage() {
  const user = useUser();
  const directories = useLoad(() => api.acmeDirectories(), []);
  const keys = useLoad(() => api.eabKeys(), []);
  const accounts = useLoad(() => api.acmeAccounts(), []);
  const [at, setAt] = useState('');
  const [fresh, setFresh] = useState<EabKey | null>(null);
  const offered = directories.data?.filter((d) => d.active) ?? [];
  const chosen = offered.find((d) => d.name === at) ?? offered[0];
  const error = directories.error ?? keys.error ?? accounts.error;
  return (
    <Page title="ACME" lead="Let certbot, lego, acme.sh, cert-manager or Caddy get certificates by themselves.">
      {error && <Problem error={error} />}
      {!directories.data && directories.loading && <Loading what="the directories" />}
      {directories.data && !chosen && <Empty><p>This service offers no ACME directory at the moment.</p></Empty>}
      {chosen && <Directory list={offered} chosen={chosen} choose={setAt} />}
      {fresh?.hmac_key && (
        <Card title={`Your new key: ${fresh.title}`} id="fresh-key" tone="strong">
          <p>Copy it now, or a command below that has it: it is shown this once and cannot be shown again.</p>
          <p class="label">Key id</p><Code text={fresh.kid} what="key id" />
          <p class="label">HMAC key</p><Code text={fresh.hmac_key} what="HMAC key" />
          <Button kind="secondary" onClick={() => setFresh(null)}>I have it</Button>
        </Card>
      )}
      {chosen && <Clients directory={chosen} fresh={fresh} />}
      {chosen && chosen.eab !== 'off' && (chosen.open || chosen.account_id === user.account_id) && canWrite(user) && <NewKey directory={chosen} made={(k) => { setFresh(k); void keys.reload(); }} />}
      {keys.data && keys.data.length > 0 && <Keys keys={keys.data} done={keys.reload} writable={canWrite(user)} />}
      {accounts.data && accounts.data.length > 0 && <Accounts accounts={accounts.data} done={accounts.reload} writable={canWrite(user)} />}
    </Page>
  );
}

function Directory({ list, chosen, choose }: { list: AcmeDirectory[]; chosen: AcmeDirectory; choose: (name: string) => void }) {
  return (
    <Card title="The directory" id="directory">
      {list.length > 1 && <Select name="directory" label="Which one?" value={chosen.name} onValue={choose} options={list.map((d): [string, string] => [d.name, d.title || d.name])} />}
      <p class="label">The address that a client is told</p>
      <Code text={chosen.url} what="address of the directory" />
      <p>It offers {chosen.products.join(', ')}. {chosen.eab === 'required' ? 'Clients need a key of yours (external account binding).' : chosen.eab === 'optional' ? 'With a key of yours, certificates appear in this account.' : ''}</p>
    </Card>
  );
}

function Clients({ directory, fresh }: { directory: AcmeDirectory; fresh: EabKey | null }) {
  const [host, setHost] = useState('www.example.com');
  const eab = fresh?.hmac_key ? { kid: fresh.kid, hmac_key: fresh.hmac_key } : null;
  const clients = acmeClients(directory.url, eab, directory.eab === 'required', host.trim() || 'www.example.com');
  return (
    <Card title="Commands to paste" id="clients">
      <p>root.pem is the root certificate of this service, from <a href="#/ca">CA certificates</a>; leave it out where the system trusts it already.</p>
      <Input name="host" label="For which host?" value={host} onValue={setHost} />
      <Tabs label="Client" tabs={clients.map((c) => ({ id: c.id, title: c.title, body: <><Code text={c.text} what={`commands for ${c.title}`} />{c.note && <p class="muted">{c.note}</p>}</> }))} />
    </Card>
  );
}

function NewKey({ directory, made }: { directory: AcmeDirectory; made: (k: EabKey) => void }) {
  const [title, setTitle] = useState('');
  const [names, setNames] = useState('');
  const make = useAction(async () => {
    made(await api.newEabKey({ title: title.trim(), directory: directory.name, names: names.split(/[\s,]+/).filter(Boolean) }));
    setTitle('');
  });
  return (
    <Card title="Make a key" id="new-key">
      <p>A client that has it registers by itself, and its certificates belong to this account.</p>
      <Form error={make.error} fields={['title', 'names']} onSubmit={() => void make.run()}>
        <div class="two">
          <Input name="title" label="What is it for?" value={title} onValue={setTitle} error={fieldError(make.error, 'title')} />
          <Input name="names" label="Only for these domains" help="Each with all below it; empty: no limit" value={names} onValue={setNames} error={fieldError(make.error, 'names')} />
        </div>
        <div class="form-end"><Button type="submit" busy={make.busy} disabled={!title.trim()}>Make the key</Button></div>
      </Form>
    </Card>
  );
}

function Keys({ keys, done, writable }: { keys: EabKey[]; done: () => Promise<void>; writable: boolean }) {
  const [gone, setGone] = useDialog<EabKey>();
  const remove = useAction(async () => { if (gone) await api.revokeEabKey(gone.kid); await done(); setGone(null); });
  return (
    <Card title="Your keys" id="keys">
      <table class="stack">
        <thead><tr><th scope="col">For</th><th scope="col">State</th><th scope="col">Domains</th><th scope="col">Accounts</th><th scope="col">Made</th><th scope="col"><span class="sr">Actions</span></th></tr></thead>
        <tbody>{keys.map((k) => (
          <tr key={k.kid}>
            <th scope="row" data-label="For">{k.title}<br /><small class="muted break">{k.kid}</small></th><td data-label="State"><Badge state={k.state} /></td>
            <td data-label="Domains">{k.names.length ? k.names.join(', ') : 'any'}</td><td data-label="Accounts">{k.accounts}{k.max_accounts ? ` of ${k.max_accounts}` : ''}</td><td data-label="Made"><Day at={k.created_at} /></td>
            <td class="row-actions">{writable && k.state === 'valid' && <Button kind="quiet" onClick={() => setGone(k)}>Revoke</Button>}</td>
          </tr>))}
        </tbody>
      </table>
      {gone && (
        <FormDialog title="Revoke this key?" doIt="Revoke" danger busy={remove.busy} error={remove.error} fields={[]} onClose={() => setGone(null)} onSubmit={() => void remove.run()}>
          <p>No client registers with <strong>{gone.title}</strong> any more. Those that have go on.</p>
        </FormDialog>
      )}
    </Card>
  );
}

function Accounts({ accounts, done, writable }: { accounts: AcmeAccount[]; done: () => Promise<void>; writable: boolean }) {
  const [gone, setGone] = useDialog<AcmeAccount>();
  const end = useAction(async () => { if (gone) await api.endAcmeAccount(gone.id); await done(); setGone(null); });
  return (
    <Card title="Clients that have registered" id="accounts">
      <table class="stack">
        <thead><tr><th scope="col">Account</th><th scope="col">State</th><th scope="col">Contact</th><th scope="col">Registered</th><th scope="col">Last seen</th><th scope="col"><span class="sr">Actions</span></th></tr></thead>
        <tbody>{accounts.map((a) => (
          <tr key={a.id}>
            <th scope="row" data-label="Account"><code class="break">{a.id}</code></th><td data-label="State"><Badge state={a.status === 'revoked' ? 'deactivated' : a.status} /></td>
            <td data-label="Contact"><span class="break">{a.contacts.map((c) => c.replace('mailto:', '')).join(', ') || 'none'}</span></td><td data-label="Registered"><Day at={a.created_at} /></td><td data-label="Last seen"><Time at={a.last_seen_at} /></td>
            <td class="row-actions">{writable && a.status === 'valid' && <Button kind="quiet" onClick={() => setGone(a)}>Deactivate</Button>}</td>
          </tr>))}
        </tbody>
      </table>
      {gone && (
        <FormDialog title="Deactivate this ACME account?" doIt="Deactivate" danger busy={end.busy} error={end.error} fields={[]} onClose={() => setGone(null)} onSubmit={() => void end.run()}>
          <Alert tone="warn"><p>For ever: the client that has its key gets nothing more. Certificates stay valid.</p></Alert>
        </FormDialog>
      )}
    </Card>
  );
}
