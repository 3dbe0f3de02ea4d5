// Who stands in the certificate: an organisation for OV and EV; for DV, details that the operator may allow.
import { useState } from 'preact/hooks';
import { api, type ApiError, type Level } from '../api';
import { canManage, useUser } from '../session';
import { Button, Loading } from '../ui/basic';
import { fieldError, Input, Problem, Select } from '../ui/form';
import { useLoad } from '../ui/hooks';
import { OrganisationDialog } from './organisations';

export interface SubjectChoice { organisation: string; subject: Record<string, string> }
const parts: [string, string, string?][] = [['O', 'Organisation'], ['L', 'City'], ['ST', 'State or region'], ['C', 'Country', 'Two letters, for instance DE']];

export function SubjectFields({ level, value, onValue, error }: {
  level: Level; value: SubjectChoice; onValue: (v: SubjectChoice) => void; error: ApiError | null;
}) {
  const user = useUser();
  const list = useLoad(() => api.organisations(), []);
  const [adding, setAdding] = useState(false);
  if (level === 'dv') return <Optional value={value} onValue={onValue} error={error} />;
  return (
    <section class="card">
      <h2>2. Organisation</h2>
      {list.error && <Problem error={list.error} />}
      {!list.data && list.loading && <Loading what="organisations" />}
      {list.data && (
        <Select name="organisation_id" label="Organisation in the certificate" value={value.organisation} onValue={(organisation) => onValue({ organisation, subject: {} })}
          error={fieldError(error, 'organisation_id')} help={list.data.length ? undefined : 'None is entered yet.'}
          options={[['', 'Please choose'], ...list.data.map((o): [string, string] => [o.id, `${o.name}, ${o.country}`])]} />
      )}
      {canManage(user) ? <Button kind="secondary" onClick={() => setAdding(true)}>Add an organisation</Button>
        : <p class="muted">An owner of your account can add organisations.</p>}
      {adding && <OrganisationDialog old={null} onClose={() => setAdding(false)}
        done={async (o) => { await list.reload(); onValue({ organisation: o.id, subject: {} }); setAdding(false); }} />}
    </section>
  );
}

function Optional({ value, onValue, error }: { value: SubjectChoice; onValue: (v: SubjectChoice) => void; error: ApiError | null }) {
  const set = (part: string, text: string) => {
    const subject = { ...value.subject };
    if (text.trim()) subject[part] = part === 'C' ? text.toUpperCase() : text; else delete subject[part];
    onValue({ organisation: '', subject });
  };
  const problem = fieldError(error, 'subject');
  return (
    <details class="card" open={problem ? true : undefined}>
      <summary>Organisation details (optional)</summary>
      <p>They go into the CSR. A certificate of this kind names only your sites, so they will not appear in it.</p>
      <div class="two">
        {parts.map(([part, label, help], i) => (
          <Input key={part} name={i ? `subject-${part}` : 'subject'} label={label} help={help} value={value.subject[part] ?? ''} maxLength={part === 'C' ? 2 : 64}
            onValue={(text) => set(part, text)} error={error?.field === `subject.${part}` || (i === 0 && !/^subject\./.test(error?.field ?? '')) ? problem : ''} />
        ))}
      </div>
    </details>
  );
}
