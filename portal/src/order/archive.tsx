// The hand-over of the key archive: download once, compare its hash, let the customer confirm, tell the service.
// The (encrypted) bytes stay in this page's memory until then, so that a failed save is no loss.
import { useState } from 'preact/hooks';
import { api, localProblem, type Order } from '../api';
import { fileWord, formatOf, gradeOf } from '../lib/handover';
import { bytes } from '../lib/text';
import { saveFile, sha256 } from '../lib/save';
import { Alert, Button, Card, Day } from '../ui/basic';
import { FormDialog } from '../ui/dialog';
import { Problem } from '../ui/form';
import { useAction, useFocusOnce } from '../ui/hooks';
import type { PanelProps } from './page';

interface Held { data: ArrayBuffer; type: string; hash: string; spki: string | null; compared: boolean }

export function ArchivePanel(props: PanelProps) {
  const { order } = props;
  const [held, setHeld] = useState<Held | null>(null);
  const mine = held && held.spki === order.spki_sha256 ? held : null;
  const archive = order.archive;
  if (!archive || order.state !== 'handover') return null;
  return (
    <Card title={`Your ${fileWord(order)}`} id="card-archive">
      <What order={order} filename={archive.filename} keyFilename={archive.key_filename} />
      {!props.writable ? <p class="muted">Your role only reads, so somebody else has to take the archive.</p>
        : mine ? <Confirm {...props} held={mine} /> : <Offer {...props} onHeld={setHeld} />}
    </Card>
  );
}

function What({ order, filename, keyFilename }: { order: Order; filename: string; keyFilename: string }) {
  const secret = <><em>private key</em>, the secret half of the certificate</>;
  const once = 'We do not keep the key, so it can be downloaded once.';
  if (gradeOf(order) === 'sealed')
    return <p><strong class="break">{filename}</strong> holds your {secret}. Only the private key that belongs to <code class="break">{order.hand_over?.recipient}</code> opens it, and there is no code. {once}</p>;
  if (formatOf(order) !== 'zip')
    return <p><strong class="break">{filename}</strong> holds your {secret}. It is locked with an unlock code that only this page shows you. {once}</p>;
  return <p>The archive <strong class="break">{filename}</strong> holds one file, <strong class="break">{keyFilename}</strong>: your {secret}.
    It is locked with an unlock code that only this page shows you. We do not keep the key, so the archive can be downloaded once.</p>;
}

function Offer({ order, set, files, onHeld }: PanelProps & { onHeld: (h: Held) => void }) {
  const archive = order.archive!;
  const fetchIt = useAction(async () => {
    const got = await api.archive(order.archive_url ?? '');
    const hash = await sha256(got.bytes);
    const expected = [got.sha256, archive.sha256].filter(Boolean) as string[];
    if (expected.some((h) => h.toLowerCase() !== hash)) throw localProblem('', 'The file was damaged on the way. Make a new key below.');
    onHeld({ data: got.bytes, type: got.type, hash, spki: order.spki_sha256, compared: expected.length > 0 });
    saveFile(files.archive, got.bytes, got.type);
    set(await api.order(order.id));
  });
  const ready = archive.state === 'waiting' && order.archive_url;
  return (
    <>
      {fetchIt.error && <Problem error={fetchIt.error} />}
      {ready && <>
        <Button busy={fetchIt.busy} onClick={() => void fetchIt.run()}>Download the {fileWord(order)}</Button>
        <p class="muted">{bytes(archive.size)}{archive.expires_at && <>; it waits until <Day at={archive.expires_at} />, after that make a new key</>}.</p>
      </>}
      {archive.state === 'making' && <p aria-busy="true">The key is being made…</p>}
      {archive.state === 'mailing' && <p>The {fileWord(order)} goes to you by e-mail. If it does not leave, you can make a new key.</p>}
      {archive.state === 'fetched' && <HaveFile order={order} set={set} />}
      {(archive.state !== 'making') && <NewKey order={order} set={set} main={archive.state === 'lost' || !ready} />}
    </>
  );
}

function Confirm({ order, set, files, held }: PanelProps & { held: Held }) {
  const ack = useAction(async () => set(await api.ackArchive(order.id, held.hash)));
  const box = useFocusOnce<HTMLDivElement>();
  return (
    <div ref={box} tabIndex={-1} class="quiet-focus">
      <Alert tone="info">
        <p><strong>Look into your downloads folder: is {files.archive} there ({bytes(held.data.byteLength)})?</strong></p>
        <p>{held.compared && 'What arrived here is complete: its fingerprint is the one that the service announced. '}Only after you confirm does the order go on.</p>
        <p class="break"><small>SHA-256: {held.hash}</small></p>
      </Alert>
      {ack.error && <Problem error={ack.error} />}
      <div class="form-end">
        <Button busy={ack.busy} onClick={() => void ack.run()}>I have the file</Button>
        <Button kind="secondary" onClick={() => saveFile(files.archive, held.data, held.type)}>Save it again</Button>
      </div>
      <p class="muted">"Save it again" works as long as you stay on this page.</p>
    </div>
  );
}

/** For somebody who downloaded, closed the page, and has the file: the file itself is the proof. */
function HaveFile({ order, set }: { order: Order; set: (o: Order) => void }) {
  const it = fileWord(order);
  const ack = useAction(async (file: File) => set(await api.ackArchive(order.id, await sha256(await file.arrayBuffer()))));
  return (
    <div class="field">
      <p>The {it} was downloaded, but not confirmed yet. If you have the file, choose it here. It is not uploaded: this page only computes its fingerprint.</p>
      <label for="have-file">The {it} that you saved</label>
      <input id="have-file" type="file" accept={`.${order.archive?.filename.split('.').pop()}`} disabled={ack.busy} onChange={(e) => { const file = e.currentTarget.files?.[0]; if (file) void ack.run(file); }} />
      {ack.error && <Problem error={ack.error} />}
    </div>
  );
}

function NewKey({ order, set, main }: { order: Order; set: (o: Order) => void; main: boolean }) {
  const [open, setOpen] = useState(false);
  const make = useAction(async () => { set(await api.newArchive(order.id)); setOpen(false); });
  return (
    <>
      <p>{main ? '' : `Lost the ${fileWord(order)}? `}<button type="button" class={main ? 'secondary outline' : 'link'} onClick={() => setOpen(true)}>Make a new key</button></p>
      {open && (
        <FormDialog title="Make a new key?" doIt="Make a new key" busy={make.busy} error={make.error} fields={[]} onClose={() => setOpen(false)} onSubmit={() => void make.run()}>
          <p>You get a new key in a new file{gradeOf(order) === 'sealed' ? ', sealed to the same public key' : ', with a new unlock code'}. A file that you may still have from before is of no use then. The rest of the order stays.</p>
        </FormDialog>
      )}
    </>
  );
}
