// The operator's overview: processes, waiting work, orders by state; and a new CRL at once.
import { useState } from 'preact/hooks';
import { api, type OrderState } from '../api';
import { href } from '../router';
import { stateWords } from '../lib/text';
import { Alert, Button, Card, Fact, Loading, Page } from '../ui/basic';
import { Problem } from '../ui/form';
import { useAction, useLoad } from '../ui/hooks';

export function StatusPage() {
  const status = useLoad(() => api.status(), []);
  const s = status.data;
  return (
    <Page title="Status" actions={<Button kind="secondary" busy={status.loading && !!s} onClick={() => void status.reload()}>Refresh</Button>}>
      {status.error && <Problem error={status.error} />}
      {!s && status.loading && <Loading what="the status" />}
      {s && <>
        <div class="tiles">
          {Object.entries(s.orders).map(([state, n]) => <a key={state} class="tile" href={href('/admin/orders', { state })}><strong>{n}</strong>{stateWords[state as OrderState] ?? state}</a>)}
        </div>
        <Card title="Work">
          <dl class="facts"><Fact name="Version">{s.version}</Fact><Fact name="Jobs due now">{s.jobs.due}</Fact><Fact name="Jobs waiting">{s.jobs.waiting}</Fact><Fact name="Mails queued">{s.mail.queued}</Fact></dl>
        </Card>
        <Card title="Processes">
          <table class="stack"><thead><tr><th scope="col">Process</th><th scope="col">Process id</th><th scope="col">Restarts</th></tr></thead>
            <tbody>{s.roles.map((r) => <tr key={r.role}><th scope="row" data-label="Process">{r.role}</th><td data-label="Process id">{r.pid}</td><td data-label="Restarts">{r.restarts}</td></tr>)}</tbody></table>
        </Card>
        <Crl />
      </>}
    </Page>
  );
}

function Crl() {
  const [done, setDone] = useState(false);
  const publish = useAction(async () => { setDone(false); await api.publishCrl(); setDone(true); });
  return (
    <Card title="Revocation list">
      <p>New lists are made regularly and after revocations. You can also have one made now.</p>
      <Button kind="secondary" busy={publish.busy} onClick={() => void publish.run()}>Sign and publish a new list now</Button>
      {publish.error && <Problem error={publish.error} />}
      {done && <Alert tone="ok"><p>A new list is signed and published.</p></Alert>}
    </Card>
  );
}
