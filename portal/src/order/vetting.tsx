// The check of the organisation: what has been decided so far, and for the operator the decision itself.
import { useState } from 'preact/hooks';
import { api } from '../api';
import { Alert, Button, Card, Day } from '../ui/basic';
import { Field, fieldError, Form, Input } from '../ui/form';
import { useAction } from '../ui/hooks';
import type { PanelProps } from './page';

export function VettingPanel({ order, set, admin }: PanelProps & { admin: boolean }) {
  const made = order.vetting?.approvals ?? [];
  const needed = order.vetting?.needed ?? 1;
  return (
    <Card title="Organisation check">
      <p>{needed > 1 ? `${needed} different people check the organisation before the certificate is signed.` : 'A person checks the organisation before the certificate is signed.'}</p>
      {made.length > 0 && (
        <ul class="bare lines">{made.map((d, i) => (
          <li key={i}><strong>{d.decision === 'approve' ? 'Approved' : 'Rejected'}</strong> by {d.by}, <Day at={d.at} />: {d.evidence}{d.note && <small class="muted"> {d.note}</small>}</li>))}
        </ul>
      )}
      {admin && order.state === 'vetting' && <Decide order={order} set={set} />}
    </Card>
  );
}

function Decide({ order, set }: Pick<PanelProps, 'order' | 'set'>) {
  const [evidence, setEvidence] = useState('');
  const [note, setNote] = useState('');
  const [done, setDone] = useState('');
  const decide = useAction(async (decision: 'approve' | 'reject') => {
    set(await api.vet(order.id, decision, evidence.trim(), note.trim()));
    setDone(decision === 'approve' ? 'Your approval is recorded.' : 'Your rejection is recorded.');
  });
  return (
    <Form error={decide.error} fields={['evidence', 'note']} onSubmit={() => void decide.run('approve')}>
      {done && <Alert tone="ok"><p>{done}</p></Alert>}
      <Field name="evidence" label="Evidence" help="What you looked at: register and number, date, telephone call. It stays with the order." error={fieldError(decide.error, 'evidence')}>
        {(p) => <textarea {...p} rows={3} value={evidence} onInput={(e) => setEvidence(e.currentTarget.value)} />}
      </Field>
      <Input name="note" label="Note (optional)" value={note} onValue={setNote} error={fieldError(decide.error, 'note')} />
      <div class="form-end">
        <Button type="submit" busy={decide.busy} disabled={!evidence.trim()}>Approve</Button>
        <Button kind="danger" busy={decide.busy} disabled={!evidence.trim()} onClick={() => void decide.run('reject')}>Reject</Button>
      </div>
    </Form>
  );
}
