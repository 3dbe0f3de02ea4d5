// One order: where it stands, the one thing to do next, and everything that belongs to it. Follows changes by itself.
import { useEffect, useRef, useState } from 'preact/hooks';
import { api, type ApiError, type Order } from '../api';
import { href } from '../router';
import { canWrite, useUser } from '../session';
import { baseName, type Files } from '../lib/commands';
import { fileBase, formatOf, gradeOf, gradeText } from '../lib/handover';
import { isAutoCsr, isMoving, isOver, nextSentence } from '../lib/order';
import { saveFile } from '../lib/save';
import { plainError, sentence, shortKey, stateWords } from '../lib/text';
import { Alert, Badge, Button, Card, Day, Fact, Loading, Page, Time } from '../ui/basic';
import { Problem } from '../ui/form';
import { useAction, useDialog, useLoad, usePoll } from '../ui/hooks';
import { ImportCard } from '../pages/import-certificate';
import { Actions, canReissue, type Open } from './actions';
import { ArchivePanel } from './archive';
import { Certificates } from './certificates';
import { CodePanel } from './code';
import { Events } from './events';
import { InstallHelp, OpenHelp } from './help';
import { ReceiptPanel } from './receipt';
import { Stepper } from './stepper';
import { Validations } from './validations';
import { VettingPanel } from './vetting';

export interface PanelProps { order: Order; set: (order: Order) => void; files: Files; writable: boolean; reissue?: (() => void) | undefined }

export function OrderPage({ id }: { id: string }) {
  const load = useLoad(() => api.order(id), [id]);
  if (!load.data) return load.error
    ? <Page title="Order" narrow><Problem error={load.error} /><p><a href={href('/orders')}>Back to the orders</a></p></Page>
    : <Page title="Order"><Loading what="the order" /></Page>;
  return <OrderView order={load.data} set={load.set} reload={load.reload} error={load.error} />;
}

function OrderView({ order, set, reload, error }: { order: Order; set: (o: Order) => void; reload: () => Promise<void>; error: ApiError | null }) {
  const user = useUser();
  const moving = isMoving(order);
  const poll = usePoll(reload, moving || order.receipt?.state === 'pending', `${order.state} ${order.updated_at} ${error === null}`);
  const names = order.names_unicode?.length ? order.names_unicode : order.names;
  // Certificate and key get names that belong together.
  const base = order.archive ? fileBase(order.archive.filename) : baseName(order.names[0]);
  const files = { archive: order.archive?.filename ?? `${base}.${formatOf(order) === 'pkcs8' ? 'key.pem' : 'zip'}`, key: `${base}.key`, base };
  const grade = gradeOf(order);
  const [open, setOpen] = useDialog<Open>();
  const panel: PanelProps = { order, set, files, writable: canWrite(user), reissue: canWrite(user) && canReissue(order) ? () => setOpen('reissue') : undefined };
  const title = names[0] ? names[0] + (names.length > 1 ? ` and ${names.length - 1} more` : '') : 'Order';
  return (
    <Page title={title} lead={<><Badge state={order.state} /> <span class="muted">{order.product}, ordered <Time at={order.created_at} /></span></>}
      actions={<Actions {...panel} open={open} setOpen={setOpen} />}>
      <Announce order={order} />
      <Stepper order={order} />
      <Card title={isOver(order) ? 'What happened' : order.state === 'issued' ? 'Ready' : 'What happens now'} id="next" tone="strong">
        <p class="next">{nextSentence(order)}</p>
        {order.upstream && <Elsewhere order={order} />}
        {order.waiting && !saidBelow(order) && <Waiting waiting={order.waiting} ca={order.upstream?.kind === 'acme' ? order.upstream.title : ''} />}
        {error && <Stale error={error} />}
        {poll.paused && moving && <Alert tone="info"><p>Nothing has changed for a long time, so this page stopped looking.</p><Button kind="secondary" onClick={() => { void reload(); poll.restart(); }}>Look again</Button></Alert>}
      </Card>
      <div class="columns">
        <div>
          {isAutoCsr(order) && order.archive && <ArchivePanel {...panel} />}
          {order.state === 'validating' && <Validations {...panel} />}
          {(order.state === 'vetting' || (order.vetting?.approvals.length ?? 0) > 0) && <VettingPanel {...panel} admin={user.role === 'admin'} />}
          {user.role === 'admin' && order.state === 'issuing' && order.upstream?.kind === 'offline' && <ImportCard order={order.id} done={reload} />}
          {order.certificates.length > 0 && <Certificates {...panel} />}
          {isAutoCsr(order) && order.code && <CodePanel {...panel} />}
          {grade !== 'own-csr' && <OpenHelp {...panel} />}
          {order.certificates.length > 0 && <InstallHelp {...panel} />}
        </div>
        <div>
          <Facts order={order} base={base} />
          <ReceiptPanel {...panel} />
          {!['new', 'handover', 'validating'].includes(order.state) && (order.validations?.length ?? 0) > 0 && <Validations {...panel} />}
          <Events events={order.events ?? []} />
        </div>
      </div>
    </Page>
  );
}

/** Reads a change of state out, once, to people who cannot see the page. */
function Announce({ order }: { order: Order }) {
  const before = useRef(order.state);
  const [text, setText] = useState('');
  useEffect(() => {
    if (before.current === order.state) return;
    before.current = order.state;
    // What had the focus may have gone with the old state.
    if (!document.activeElement || document.activeElement === document.body) document.getElementById('next')?.focus();
    setText(`The order is now: ${stateWords[order.state]}. ${nextSentence(order)}`);
  }, [order.state]);
  return <p class="sr" role="status" aria-live="polite">{text}</p>;
}

/** The last look failed: what is shown may be old. */
function Stale({ error }: { error: ApiError }) {
  const away = error.status === 0 || error.status >= 500;
  return away ? <Alert tone="warn"><p>The service cannot be reached at the moment. What you see may be old; we keep trying.</p></Alert> : <Problem error={error} />;
}

/** The reason to wait may be what a name's own card says already. */
function saidBelow(order: Order): boolean {
  const reason = order.waiting?.reason ?? '';
  return order.state === 'validating' && (order.validations ?? []).some((v) => plainError(v.error) !== '' && reason.includes(plainError(v.error)));
}

/** How far the order is at another CA. */
const steps: Record<string, string> = {
  order: 'The order is being placed there', ordering: 'The order is being placed there', authorize: 'It is being asked what it wants to see', prove: 'Your domains are being shown to it',
  finalize: 'It has the CSR and makes the certificate', download: 'The certificate is being fetched', failed: 'It refused; a new order is placed there after a pause',
};
function Elsewhere({ order }: { order: Order }) {
  const words = order.upstream ? steps[order.upstream.step] : undefined;
  if (!order.upstream || !words || isOver(order) || order.state === 'issued') return null;
  return <p class="muted">{order.upstream.title}: {words}{order.upstream.since && <>, since <Time at={order.upstream.since} /></>}.</p>;
}

function Waiting({ waiting, ca }: { waiting: NonNullable<Order['waiting']>; ca: string }) {
  return (
    <Alert tone="info">
      <p>{ca && !waiting.reason.includes(ca) && <strong>Waiting for {ca}: </strong>}{sentence(waiting.reason)}</p>
      <p class="muted">Since <Time at={waiting.since} />{waiting.next_try_at && <>; next try <Time at={waiting.next_try_at} /></>}.</p>
    </Alert>
  );
}

function Facts({ order, base }: { order: Order; base: string }) {
  const subject = Object.entries(order.subject ?? {});
  return (
    <Card title="Details">
      <dl class="facts tight">
        <Fact name={order.names.length === 1 ? 'Name' : 'Names'}><ul class="bare">{order.names.map((n, i) => {
          const shown = order.names_unicode?.[i];
          return <li key={n} class="break">{shown && shown !== n ? <>{shown} <small class="muted">({n})</small></> : n}</li>;
        })}</ul></Fact>
        {subject.length > 0 && <Fact name="Subject">{subject.map(([k, v]) => `${k} = ${v}`).join(', ')}</Fact>}
        <Fact name="Key">{shortKey(order.key_type)}, {isAutoCsr(order) ? 'made here' : 'made by you'}</Fact>
        <Fact name="Hand-over">{gradeText(order)}{gradeOf(order) === 'sealed' && <><br /><small class="muted break">{order.hand_over?.recipient}</small></>}</Fact>
        <Fact name="Order"><code class="break">{order.id}</code></Fact>
        {order.upstream && <Fact name="Issuer">{order.upstream.title}{order.upstream.url && <><br /><small class="muted break">{order.upstream.url}</small></>}</Fact>}
        {order.renew_from && <Fact name="The CA suggests to renew">from <Day at={order.renew_from} /></Fact>}
        {order.spki_sha256 && <Fact name="Key fingerprint (SPKI SHA-256)"><code class="break">{order.spki_sha256}</code></Fact>}
        {order.archive?.sha256 && <Fact name={formatOf(order) === 'zip' ? 'Archive fingerprint (SHA-256)' : 'Fingerprint of the file (SHA-256)'}><code class="break">{order.archive.sha256}</code></Fact>}
        <Fact name="Ordered"><Day at={order.created_at} /></Fact>
      </dl>
      <CsrDownload order={order} base={base} />
    </Card>
  );
}

function CsrDownload({ order, base }: { order: Order; base: string }) {
  const get = useAction(async () => saveFile(`${base}.csr`, await api.csr(order.id)));
  if (!order.spki_sha256) return null;
  return <>{get.error && <Problem error={get.error} />}<Button kind="secondary" busy={get.busy} onClick={() => void get.run()}>Download the CSR</Button></>;
}
