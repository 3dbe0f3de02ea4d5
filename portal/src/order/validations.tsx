// Proof of control: for each name the exact file or DNS record to publish, and what the last check found.
import { useState } from 'preact/hooks';
import { api, type Method, type Order, type Validation, type Way } from '../api';
import { errorId, errorText } from '../lib/text';
import { Alert, Badge, Button, Card, Code, Time } from '../ui/basic';
import { Choice, Problem } from '../ui/form';
import { useAction } from '../ui/hooks';
import type { PanelProps } from './page';

const isOpen = (v: Validation) => v.state === 'pending' || v.state === 'failed';

export function Validations({ order, set, writable }: PanelProps) {
  const place = (v: Validation) => order.names.indexOf(v.name);
  const all = [...(order.validations ?? [])].sort((a, b) => place(a) - place(b));
  const open = order.state === 'validating' ? all.filter(isOpen) : [];
  const done = all.filter((v) => !open.includes(v));
  if (!all.length) return null;
  return (
    <>
      {open.map((v) => <Task key={v.name} v={v} order={order} set={set} writable={writable} />)}
      {done.length > 0 && (
        <Card title={open.length ? 'Names already checked' : 'Domain check'} id="names-done">
          <ul class="bare lines">
            {done.map((v) => <li key={v.name}><Badge state={v.state === 'by-ca' ? 'left to the CA' : v.state} /> <span class="break">{v.name}</span>
              {v.state === 'preauthorised' && <small class="muted"> approved in advance</small>}{v.state === 'valid' && v.checked_at && <small class="muted"> <Time at={v.checked_at} /></small>}
              {v.state === 'failed' && <small class="muted"> {errorText(v.error)}</small>}</li>)}
          </ul>
        </Card>
      )}
    </>
  );
}

/** CAs give their challenges in any order; people find them in the same one. */
const usual: Method[] = ['http', 'dns', 'dns-account', 'dns-persist', 'tls-alpn'];
const waysOf = (v: Validation): Way[] => [...(v.publish ?? [])].sort((a, b) => usual.indexOf(a.method) - usual.indexOf(b.method));
const titles: Record<string, string> = {
  http: 'A file on the web server', dns: 'A DNS record', 'tls-alpn': 'An answer of the TLS server', 'dns-account': 'A DNS record of this account', 'dns-persist': 'A DNS record that stays',
};

function Task({ v, order, set, writable }: { v: Validation; order: Order; set: (o: Order) => void; writable: boolean }) {
  const [method, setMethod] = useState<Method>(v.method);
  const check = useAction(async () => set(await api.validate(order.id, v.name, method)));
  const problem = errorText(v.error);
  const ways = waysOf(v);
  const way = ways.find((w) => w.method === method) ?? ways[0];
  const otherWay = !!way && way.method !== v.method && v.state !== 'failed' && !/^(caa|busy)\./.test(errorId(v.error));
  const ca = order.upstream?.kind === 'acme' ? order.upstream.title : '';
  return (
    <Card title={`Show that ${v.name} is yours`} id={`task-${v.name}`}>
      {v.wildcard && <p>A wildcard can only be shown by a DNS record.</p>}
      {ca && ways.length > 0 && <p>{ca} looks for it; we look first, and tell {ca} when all is as it should be.</p>}
      {ca && ways.length === 0 && <p aria-busy="true">{ca} is being asked what it wants to see.</p>}
      {ways.length > 1 && <Choice name={`method-${v.name}`} legend="How?" look="inline" value={way?.method ?? method} onValue={(m) => setMethod(m as Method)} options={ways.map((w) => ({ value: w.method, title: titles[w.method] ?? w.method }))} />}
      {way && <WayTask way={way} />}
      {problem && <Alert tone={v.state === 'failed' ? 'bad' : otherWay ? 'info' : 'warn'}>
        {otherWay && <p>We have not looked for this yet{writable && ': press "Check now" when it is in place'}. The last look was for the other way, "{titles[v.method] ?? v.method}", and found:</p>}
        <p>{problem}</p><p class="muted">Last look: <Time at={v.checked_at} />.</p>
      </Alert>}
      {!problem && v.told_at && <Alert tone="info"><p>It is as it should be. {ca} was told <Time at={v.told_at} />, and looks now.</p></Alert>}
      {!problem && !v.told_at && v.checked_at && <p class="muted">Last look: <Time at={v.checked_at} />.</p>}
      <Seen v={v} />
      {check.error && <Problem error={check.error} />}
      {ways.length > 0 && <div class="form-end">
        {writable && <Button busy={check.busy} onClick={() => void check.run()}>Check now</Button>}
        <span class="muted"><NextLook at={v.next_check_at} /></span>
      </div>}
    </Card>
  );
}

/** What each place saw that looked. */
function Seen({ v }: { v: Validation }) {
  const from = v.seen?.perspectives ?? [];
  if (from.length === 0) return null;
  return <ul class="bare lines">{from.map((p) => <li key={p.name}><Badge state={p.ok ? 'pass' : 'fail'} /> seen from {p.name}{p.error_text && <small class="muted"> {errorText(p.error_text)}</small>}</li>)}</ul>;
}

function NextLook({ at }: { at: string | null }) {
  if (!at) return null;
  return Date.parse(at) > Date.now() + 5000 ? <>We look again by ourselves <Time at={at} />.</> : <>We are about to look.</>;
}

function WayTask({ way }: { way: Way }) {
  if (way.method === 'http') return (
    <ol class="plain-steps">
      <li><p class="label">Make a file with exactly this content</p><Code text={way.content ?? ''} what="content of the file" /></li>
      <li><p class="label">Put it on the web server under this path</p><Code text={way.path ?? ''} what="path of the file" /></li>
      <li><p class="label">It must then be found at this address, without a password</p><Code text={way.url ?? ''} what="address of the file" /></li>
    </ol>
  );
  if (way.method === 'tls-alpn') return (
    <ol class="plain-steps">
      <li><p class="label">Have the TLS server of {way.host} answer the protocol {way.protocol} on port 443 with a certificate for that name alone and this extension (RFC 8737), as openssl's -addext takes it</p><Code text={way.extension ?? ''} what="extension" /></li>
    </ol>
  );
  return (
    <ol class="plain-steps">
      <li><p class="label">Add a record of type {way.type} with this name</p><Code text={way.record ?? ''} what="name of the record" /></li>
      <li><p class="label">and exactly this value</p><Code text={way.value ?? ''} what="value of the record" /></li>
      {way.cname && <li><p class="label">Or, once and for all: make that name a CNAME to this one. We then publish the record ourselves, now and at each renewal.</p><Code text={way.cname} what="target of the CNAME" /></li>}
      <li><p>Some providers want only the part of the name before your domain. A new record can take some minutes until everybody sees it.</p></li>
    </ol>
  );
}
