// Organisations: who stands in an OV or EV certificate. Entered once, used by many orders.
import { useState } from 'preact/hooks';
import { api, type Organisation, type OrganisationFields } from '../api';
import { canManage, useUser } from '../session';
import { Button, Empty, Loading, Page } from '../ui/basic';
import { FormDialog } from '../ui/dialog';
import { fieldError, Input, Problem } from '../ui/form';
import { useAction, useDialog, useLoad } from '../ui/hooks';

const fields: [keyof OrganisationFields, string, string?][] = [
  ['name', 'Registered name'], ['street', 'Street and number'], ['postal_code', 'Postal code'], ['locality', 'City'], ['state', 'State or region'],
  ['country', 'Country', 'Two letters, for instance DE'], ['registration_number', 'Registration number'],
  ['business_category', 'Business category', 'For EV, for instance Private Organization'], ['jurisdiction_country', 'Country of registration', 'For EV, two letters'],
  ['jurisdiction_state', 'State of registration', 'For EV'], ['phone', 'Telephone'],
];
const names = fields.map(([name]) => name);

export function OrganisationsPage() {
  const user = useUser();
  const list = useLoad(() => api.organisations(), []);
  const [edit, setEdit] = useDialog<Organisation | 'new'>();
  const [gone, setGone] = useDialog<Organisation>();
  const add = canManage(user) && <Button onClick={() => setEdit('new')}>Add an organisation</Button>;
  return (
    <Page title="Organisations" lead="Needed for certificates that name your organisation (OV and EV)." actions={add}>
      {list.error && <Problem error={list.error} />}
      {!list.data && list.loading && <Loading what="organisations" />}
      {list.data?.length === 0 && <Empty><p>No organisation yet. You need one only for OV and EV certificates.</p></Empty>}
      {list.data && list.data.length > 0 && (
        <table class="stack">
          <thead><tr><th scope="col">Name</th><th scope="col">Place</th><th scope="col">Registration</th><th scope="col"><span class="sr">Actions</span></th></tr></thead>
          <tbody>{list.data.map((o) => (
            <tr key={o.id}>
              <th scope="row" data-label="Name">{o.name}</th>
              <td data-label="Place">{[o.postal_code, o.locality, o.country].filter(Boolean).join(' ')}</td>
              <td data-label="Registration">{o.registration_number}</td>
              <td class="row-actions">{canManage(user) && <><Button kind="quiet" onClick={() => setEdit(o)}>Change</Button><Button kind="quiet" onClick={() => setGone(o)}>Remove</Button></>}</td>
            </tr>))}
          </tbody>
        </table>
      )}
      {edit && <OrganisationDialog old={edit === 'new' ? null : edit} onClose={() => setEdit(null)} done={async () => { await list.reload(); setEdit(null); }} />}
      {gone && <Remove organisation={gone} onClose={() => setGone(null)} done={list.reload} />}
    </Page>
  );
}

/** Also used by the order form, to add one without leaving it. */
export function OrganisationDialog({ old, onClose, done }: { old: Organisation | null; onClose: () => void; done: (o: Organisation) => void | Promise<void> }) {
  const [values, setValues] = useState<Record<string, string>>(Object.fromEntries(names.map((n) => [n, old?.[n] ?? ''])));
  const save = useAction(async () => {
    const body: Partial<OrganisationFields> = {};
    for (const n of names) { const v = (values[n] ?? '').trim(); if (v || old?.[n]) body[n] = v; }
    await done(old ? await api.changeOrganisation(old.id, body) : await api.newOrganisation(body));
  });
  return (
    <FormDialog title={old ? 'Change the organisation' : 'Add an organisation'} doIt="Save" busy={save.busy} error={save.error} fields={names} onClose={onClose} onSubmit={() => void save.run()}>
      <div class="two">
        {fields.map(([n, label, help]) => (
          <Input key={n} name={n} label={label} help={help} value={values[n] ?? ''} maxLength={n.endsWith('country') ? 2 : undefined}
            onValue={(v) => setValues({ ...values, [n]: n.endsWith('country') ? v.toUpperCase() : v })} error={fieldError(save.error, n)} />
        ))}
      </div>
    </FormDialog>
  );
}

function Remove({ organisation, onClose, done }: { organisation: Organisation; onClose: () => void; done: () => Promise<void> }) {
  const remove = useAction(async () => { await api.removeOrganisation(organisation.id); await done(); onClose(); });
  return (
    <FormDialog title="Remove this organisation?" doIt="Remove" danger busy={remove.busy} error={remove.error} fields={[]} onClose={onClose} onSubmit={() => void remove.run()}>
      <p>{organisation.name} cannot be used for new orders any more. Certificates that name it stay valid.</p>
    </FormDialog>
  );
}
