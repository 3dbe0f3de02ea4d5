// The audit log: every change with who made it. The operator can have it verified against the signed checkpoints.
import { useState } from 'preact/hooks';
import { api, type AuditEntry, type AuditVerdict } from '../api';
import { href } from '../router';
import { absolute, shortHashes } from '../lib/text';
import { Alert, Button, Card, Empty, Loading, Page } from '../ui/basic';
import { Problem } from '../ui/form';
import { useAction, useLoad } from '../ui/hooks';

export function AuditPage({ all }: { all: boolean }) {
  const [trail, setTrail] = useState<number[]>([]);
  const after = trail[trail.length - 1] ?? 0;
  const later = (to: number) => setTrail(to === after ? trail : [...trail, to]); // a second click finds the page before still there
  const list = useLoad(() => api.audit(after, all), [after, all]);
  return (
    <Page title={all ? 'Audit' : 'Activity'} lead={all ? 'Every change. The signer commits to the log with checkpoints, so that an altered, removed or reordered entry shows.' : 'What happened in this account, oldest first.'}>
      {all && <Verify />}
      {list.error && <Problem error={list.error} />}
      {!list.data && list.loading && <Loading what="entries" />}
      {list.data?.entries.length === 0 && <Empty><p>No entries.</p></Empty>}
      {list.data && list.data.entries.length > 0 && (
        <table class="stack small">
          <thead><tr><th scope="col">No.</th><th scope="col">Time</th><th scope="col">Who</th><th scope="col">What</th></tr></thead>
          <tbody>{list.data.entries.map((e) => (
            <tr key={e.seq}>
              <td data-label="No.">{e.seq}</td><td data-label="Time" class="once"><time dateTime={e.at}>{absolute(e.at)}</time></td>
              <td data-label="Who" class="break">{e.actor}</td><td data-label="What"><What entry={e} /></td>
            </tr>))}
          </tbody>
        </table>
      )}
      <div class="pager">
        {trail.length > 0 && <Button kind="secondary" busy={list.loading} onClick={() => setTrail(trail.slice(0, -1))}>Earlier</Button>}
        {list.data?.next_after && <Button kind="secondary" busy={list.loading} onClick={() => later(list.data?.next_after ?? 0)}>Later</Button>}
      </div>
    </Page>
  );
}

function What({ entry }: { entry: AuditEntry }) {
  return (
    <div class="what">
      <strong>{entry.action}</strong> {entry.object.startsWith('ord_') ? <a href={href(`/orders/${entry.object}`)}>{entry.object}</a> : <span class="muted break">{entry.object}</span>}
      {entry.detail && <span class="break">{shortHashes(entry.detail)}</span>}
    </div>
  );
}

function Verify() {
  const [verdict, setVerdict] = useState<AuditVerdict | null>(null);
  const verify = useAction(async () => { setVerdict(null); setVerdict(await api.verifyAudit()); });
  return (
    <Card title="Is the log complete and unaltered?">
      <Button kind="secondary" busy={verify.busy} onClick={() => void verify.run()}>Verify the log</Button>
      {verify.error && <Problem error={verify.error} />}
      {verdict && <Alert tone={verdict.ok ? 'ok' : 'bad'}><p>{verdict.ok ? `Yes: ${verdict.entries} entries checked, ${verdict.signed_entries} of them under a signed checkpoint.` : `No: ${verdict.why}.`}</p><p class="break"><small>Root: {verdict.root}</small></p></Alert>}
    </Card>
  );
}
