// Products, for the operator: what customers can order.
import { useState } from 'preact/hooks';
import { api, type IssuerSettings, type Level, type Product } from '../api';
import { Button, Loading, Page } from '../ui/basic';
import { FormDialog } from '../ui/dialog';
import { Check, fieldError, Input, Problem, Select } from '../ui/form';
import { useAction, useDialog, useLoad } from '../ui/hooks';

const levels: [string, string][] = [['dv', 'DV: domain checked'], ['ov', 'OV: organisation checked'], ['ev', 'EV: organisation checked by two people']];

export function ProductsPage() {
  const list = useLoad(() => api.products(), []);
  const issuers = useLoad(() => api.issuers(), []);
  const [edit, setEdit] = useDialog<Product | 'new'>();
  return (
    <Page title="Products" actions={<Button disabled={!list.data || issuers.loading} onClick={() => setEdit('new')}>Add a product</Button>}>
      {list.error && <Problem error={list.error} />}
      {!list.data && list.loading && <Loading what="products" />}
      {list.data && (
        <table class="stack">
          <thead><tr><th scope="col">Product</th><th scope="col">Level</th><th scope="col">Names</th><th scope="col">Keys</th><th scope="col">Valid for</th><th scope="col">On sale</th><th scope="col"><span class="sr">Actions</span></th></tr></thead>
          <tbody>{list.data.map((p) => (
            <tr key={p.id}>
              <th scope="row" data-label="Product">{p.title}<small class="muted"> {p.id}</small></th><td data-label="Level">{p.level.toUpperCase()}</td>
              <td data-label="Names">{p.max_names}{p.wildcard && ', wildcard'}</td><td data-label="Keys">{p.key_types.join(', ')}</td>
              <td data-label="Valid for">{Math.round(p.validity_seconds / 86400)} days</td><td data-label="On sale">{p.active ? 'yes' : <span class="muted">no</span>}</td>
              <td class="row-actions"><Button kind="quiet" onClick={() => setEdit(p)}>Change</Button></td>
            </tr>))}
          </tbody>
        </table>
      )}
      {edit && <ProductDialog old={edit === 'new' ? null : edit} model={list.data?.[0]} issuers={issuers.data ?? []} onClose={() => setEdit(null)} done={async () => { await list.reload(); setEdit(null); }} />}
    </Page>
  );
}

function ProductDialog({ old, model, issuers, onClose, done }: { old: Product | null; model?: Product; issuers: IssuerSettings[]; onClose: () => void; done: () => Promise<void> }) {
  const base = old ?? model;
  const [v, setV] = useState({
    id: old?.id ?? '', title: old?.title ?? '', level: base?.level ?? 'dv', wildcard: old?.wildcard ?? false, max_names: String(base?.max_names ?? 10),
    key_types: (base?.key_types ?? ['rsa:2048']).join(' '), default_key_type: base?.default_key_type ?? 'rsa:2048', days: String(Math.round((base?.validity_seconds ?? 7776000) / 86400)),
    issuer: base?.issuer ?? '', fallback_issuer: old?.fallback_issuer ?? '', fallback: String((old?.fallback_after ?? 0) / 3600), profile: base?.profile ?? 'dv', autocsr: base?.autocsr ?? true, preauthorised: old?.preauthorised ?? false, active: old?.active ?? true,
    window: String((base?.code_window ?? 604800) / 86400), code_reveals: String(base?.code_reveals ?? 0),
  });
  const set = (part: Partial<typeof v>) => setV({ ...v, ...part });
  const named = issuers.map((i): [string, string] => [i.name, i.title === i.name ? i.name : `${i.title} (${i.name})`]);
  const save = useAction(async () => {
    const { id, days, window, fallback, ...rest } = v;
    const seconds = Number(days) * 86400;
    const body: Partial<Product> = { ...rest, fallback_after: rest.fallback_issuer ? Math.round(Number(fallback) * 3600) : 0, level: v.level as Level, max_names: Number(v.max_names), code_window: Math.round(Number(window) * 86400), code_reveals: Number(v.code_reveals), key_types: v.key_types.split(/[\s,]+/).filter(Boolean),
      validity_seconds: old && Math.round(old.validity_seconds / 86400) === Number(days) ? old.validity_seconds : seconds };
    if (old) await api.changeProduct(old.id, changed(old, body)); else await api.newProduct({ ...body, id });
    await done(); // the list first: what is changed next begins with what stands there now
  });
  const err = (name: string) => fieldError(save.error, name);
  return (
    <FormDialog title={old ? `Change ${old.title}` : 'Add a product'} doIt="Save" busy={save.busy} error={save.error}
      fields={['id', 'title', 'level', 'max_names', 'key_types', 'default_key_type', 'validity_seconds', 'issuer', 'fallback_issuer', 'fallback_after', 'profile', 'code_window', 'code_reveals']} onClose={onClose} onSubmit={() => void save.run()}>
      <div class="two">
        {!old && <Input name="id" label="Short name" value={v.id} onValue={(id) => set({ id })} error={err('id')} />}
        <Input name="title" label="Title" value={v.title} onValue={(title) => set({ title })} error={err('title')} />
        <Select name="level" label="Level" value={v.level} onValue={(level) => set({ level: level as Level })} options={levels} error={err('level')} />
        <Input name="max_names" type="number" min={1} label="Names at most" value={v.max_names} onValue={(max_names) => set({ max_names })} error={err('max_names')} />
        <Input name="key_types" label="Key types" help="Separated by spaces" value={v.key_types} onValue={(key_types) => set({ key_types })} error={err('key_types')} />
        <Input name="default_key_type" label="Usual key type" value={v.default_key_type} onValue={(default_key_type) => set({ default_key_type })} error={err('default_key_type')} />
        <Input name="validity_seconds" type="number" min={1} label="Valid for (days)" value={v.days} onValue={(days) => set({ days })} error={err('validity_seconds')} />
        <Select name="issuer" label="Issuer" value={v.issuer} onValue={(issuer) => set({ issuer })} options={[["", "Our own CA"], ...named]} error={err('issuer')} />
        <Select name="fallback_issuer" label="If it does not deliver" value={v.fallback_issuer} onValue={(fallback_issuer) => set({ fallback_issuer })} options={[["", "Wait"], ...named]} error={err('fallback_issuer')} />
        {v.fallback_issuer && <Input name="fallback_after" type="number" min={0} step="any" label="after (hours)" value={v.fallback} onValue={(fallback) => set({ fallback })} error={err('fallback_after')} />}
        <Input name="profile" label="Profile" value={v.profile} onValue={(profile) => set({ profile })} error={err('profile')} />
        <Input name="code_window" type="number" min={0} step="any" label="Unlock code kept for (days)" value={v.window} onValue={(window) => set({ window })} error={err('code_window')} />
        <Input name="code_reveals" type="number" min={0} label="Unlock code shown at most" help="Times; 0: no limit" value={v.code_reveals} onValue={(code_reveals) => set({ code_reveals })} error={err('code_reveals')} />
      </div>
      <Check name="wildcard" label="Wildcards" checked={v.wildcard} onValue={(wildcard) => set({ wildcard })} />
      <Check name="autocsr" label="The service may make the key" checked={v.autocsr} onValue={(autocsr) => set({ autocsr })} />
      <Check name="preauthorised" label="Domains approved in advance need no check" checked={v.preauthorised} onValue={(preauthorised) => set({ preauthorised })} />
      <Check name="active" label="On sale" checked={v.active} onValue={(active) => set({ active })} />
    </FormDialog>
  );
}

/** Only what differs is sent, so that a change made elsewhere meanwhile is not undone. */
function changed(old: Product, body: Partial<Product>): Partial<Product> {
  return Object.fromEntries(Object.entries(body).filter(([k, value]) => JSON.stringify(value) !== JSON.stringify(old[k as keyof Product] ?? '')));
}
