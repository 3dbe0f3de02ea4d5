// API tokens for scripts. A new one is shown once and held in this page's memory only.
import { useState } from 'preact/hooks';
import { api, type Token } from '../api';
import { canWrite, useUser } from '../session';
import { Button, Card, Code, Day, Empty, Loading, Page, Time } from '../ui/basic';
import { FormDialog } from '../ui/dialog';
import { Check, fieldError, Form, Input, Problem, Select } from '../ui/form';
import { useAction, useDialog, useLoad } from '../ui/hooks';

const lifetimes: [string, string][] = [['30', '30 days'], ['90', '90 days'], ['365', 'One year'], ['', 'No end']];

export function TokensPage() {
  const user = useUser();
  const list = useLoad(() => api.tokens(), []);
  const [fresh, setFresh] = useState<Token | null>(null);
  const [gone, setGone] = useDialog<Token>();
  return (
    <Page title="API tokens" lead="For scripts and the autocsr command. A token can do what you can do, so treat it like a password.">
      {fresh?.token && (
        <Card title={`Your new token: ${fresh.name}`} id="fresh-token" tone="strong">
          <p>Copy it now. It is shown this once and cannot be shown again.</p>
          <Code text={fresh.token} what="token" />
          <Button kind="secondary" onClick={() => setFresh(null)}>I have it</Button>
        </Card>
      )}
      {list.error && <Problem error={list.error} />}
      {!list.data && list.loading && <Loading what="tokens" />}
      {list.data?.length === 0 && <Empty><p>No tokens yet.</p></Empty>}
      {list.data && list.data.length > 0 && <TokenTable tokens={list.data} remove={setGone} />}
      {canWrite(user) && <NewToken made={(t) => { setFresh(t); void list.reload(); }} />}
      {gone && <Remove token={gone} onClose={() => setGone(null)} done={list.reload} />}
    </Page>
  );
}

function TokenTable({ tokens, remove }: { tokens: Token[]; remove: (t: Token) => void }) {
  return (
    <table class="stack">
      <thead><tr><th scope="col">Name</th><th scope="col">Rights</th><th scope="col">Made</th><th scope="col">Last used</th><th scope="col">Ends</th><th scope="col"><span class="sr">Actions</span></th></tr></thead>
      <tbody>
        {tokens.map((t) => (
          <tr key={t.id}>
            <th scope="row" data-label="Name">{t.name}</th>
            <td data-label="Rights">{t.read_only ? 'reads only' : 'reads and writes'}</td>
            <td data-label="Made"><Time at={t.created_at} /></td>
            <td data-label="Last used"><Time at={t.last_used_at} /></td>
            <td data-label="Ends"><Day at={t.expires_at} /></td>
            <td class="row-actions"><Button kind="quiet" onClick={() => remove(t)}>Remove</Button></td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function NewToken({ made }: { made: (t: Token) => void }) {
  const [name, setName] = useState('');
  const [days, setDays] = useState('90');
  const [readOnly, setReadOnly] = useState(false);
  const make = useAction(async () => {
    const end = days ? new Date(Date.now() + Number(days) * 86_400_000).toISOString().replace(/\.\d+Z$/, 'Z') : undefined;
    made(await api.newToken({ name: name.trim(), ...(end ? { expires_at: end } : {}), read_only: readOnly }));
    setName('');
  });
  return (
    <Card title="Make a token">
      <Form error={make.error} fields={['name', 'expires_at']} onSubmit={() => void make.run()}>
        <div class="two">
          <Input name="name" label="What is it for?" value={name} onValue={setName} error={fieldError(make.error, 'name')} />
          <Select name="expires_at" label="It ends after" value={days} onValue={setDays} options={lifetimes} error={fieldError(make.error, 'expires_at')} />
        </div>
        <Check name="read_only" label="It may only read" checked={readOnly} onValue={setReadOnly} />
        <div class="form-end"><Button type="submit" busy={make.busy} disabled={!name.trim()}>Make the token</Button></div>
      </Form>
    </Card>
  );
}

function Remove({ token, onClose, done }: { token: Token; onClose: () => void; done: () => Promise<void> }) {
  const remove = useAction(async () => { await api.removeToken(token.id); await done(); onClose(); });
  return (
    <FormDialog title="Remove this token?" doIt="Remove" danger busy={remove.busy} error={remove.error} fields={[]} onClose={onClose} onSubmit={() => void remove.run()}>
      <p>Scripts that use <strong>{token.name}</strong> will be refused at once.</p>
    </FormDialog>
  );
}
