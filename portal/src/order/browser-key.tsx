// The step between form and order when the browser makes the key: make it, let the customer save file and code, and only then send
// the CSR. All of it lives in this component's memory: leaving the page forgets it, which is why leaving asks first.
import { useEffect, useState } from 'preact/hooks';
import { ApiError, api, localProblem, type CsrCheck } from '../api';
import { wipe } from '../browserkey/bytes';
import { codeGroups } from '../browserkey/code';
import { makeKeyFile, type Made, type Wish } from '../browserkey/make';
import { saveFile } from '../lib/save';
import { bytes, shortKey } from '../lib/text';
import { leaveFreely, useLeaveGuard } from '../router';
import { Alert, Button, Copy, Fact } from '../ui/basic';
import { Problem } from '../ui/form';
import { useAction, useFocusOnce } from '../ui/hooks';
import { CsrVerdict } from '../ui/verdict';

interface Props { wish: Wish; product?: string | undefined; doIt: string; onSend: (csr: string) => Promise<void>; onBack: () => void }

/** `onSend` orders with the CSR; its failure is shown here, and the same key can be tried again. */
export function BrowserKey(props: Props) {
  const [made, setMade] = useState<Made | null>(null);
  const [check, setCheck] = useState<CsrCheck | null>(null);
  const [error, setError] = useState<ApiError | null>(null);
  useEffect(() => {
    let over = false;
    make(props.wish, props.product).then(
      ([m, c]) => { if (over) wipe(m.file); else { setMade(m); setCheck(c); } },
      (e: unknown) => { if (!over) setError(e instanceof ApiError ? e : localProblem('', 'this browser could not make the key; choose another way')); });
    return () => { over = true; };
  }, []);
  useEffect(() => () => { if (made) wipe(made.file); }, [made]);
  const ready = made !== null && check?.ok === true;
  useLeaveGuard(ready ? 'The key that was just made is not ordered yet, and leaving forgets it. Leave?' : '');
  return (
    <>
      {error && <Problem error={error} />}
      {!error && !made && <p aria-busy="true" role="status">Your browser makes the key ({shortKey(props.wish.keyType)})…</p>}
      {check && !check.ok && <><p>This order would be refused, so the key is given up and nothing is ordered. Go back and change what is said here.</p><CsrVerdict check={check} /></>}
      {ready ? <Save {...props} made={made} /> : <Button kind="secondary" onClick={props.onBack}>Back</Button>}
    </>
  );
}

/** The service judges the CSR before anybody is asked to keep a file and a code for it. */
async function make(wish: Wish, product: string | undefined): Promise<[Made, CsrCheck]> {
  const made = await makeKeyFile(wish);
  return [made, await api.checkCsr(made.csr, wish.names, product)];
}

function Save({ wish, made, doIt, onSend, onBack }: Props & { made: Made }) {
  const [saved, setSaved] = useState(false);
  const box = useFocusOnce<HTMLDivElement>();
  const send = useAction(async () => {
    await onSend(made.csr);
    leaveFreely();
  });
  const save = () => { saveFile(made.fileName, made.file.buffer, wish.format === 'zip' ? 'application/zip' : 'application/x-pem-file'); setSaved(true); };
  const back = () => { leaveFreely(); onBack(); };
  return (
    <div class="quiet-focus" ref={box} tabIndex={-1}>
      <p>The key was made in this browser and is locked. Nothing is ordered yet. <strong>Keep the file and the code, and keep them apart</strong>: we have neither, so nobody can give them to you again.</p>
      <h3>1. Save the locked key</h3>
      <div class="form-end"><Button kind={saved ? 'secondary' : undefined} onClick={save}>{saved ? 'Save it again' : `Save ${made.fileName}`}</Button><span class="muted">{bytes(made.file.length)}</span></div>
      <p class="muted" role="status">{saved ? `Look into your downloads folder: is ${made.fileName} there?` : ''}</p>
      <h3>2. Keep the code that opens it</h3>
      <div class="reveal">
        <p class="code-groups" data-testid="unlock-code">{codeGroups(made.code).map((g, i) => <span key={i}>{g}</span>)}</p>
        <div class="form-end"><Copy text={made.code} what="unlock code" /><span class="muted">shown only now; a password manager is a good place for it</span></div>
        <dl class="facts tight">
          <Fact name="Check symbol"><strong class="check-symbol">{made.check}</strong> <small>not part of the code: when you read the code out to somebody, it shows whether all was understood</small></Fact>
          <Fact name="Key fingerprint (SPKI SHA-256)"><code class="break">{made.spkiSha256}</code></Fact>
        </dl>
      </div>
      <h3>3. {doIt}</h3>
      <p>Only the CSR is sent. If file or code are lost, a reissue with a new key is the way back.</p>
      {send.error && <Problem error={send.error} />}
      {send.error && <Alert tone="info"><p>Nothing was ordered. You can try again with this key; "Back" gives it up.</p></Alert>}
      <div class="form-end">
        <Button busy={send.busy} disabled={!saved} onClick={() => void send.run()}>I have the file and the code</Button>
        <Button kind="secondary" onClick={back} disabled={send.busy}>Back</Button>
        {!saved && <span class="muted">save the file first</span>}
      </div>
    </div>
  );
}
