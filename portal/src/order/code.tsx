// The unlock code: asked for with the password again, shown for a minute, never in an address or any storage.
import { useEffect, useState } from 'preact/hooks';
import { api, type RevealedCode } from '../api';
import { codeState, fileWord } from '../lib/handover';
import { absolute } from '../lib/text';
import { Alert, Button, Card, Copy, Fact } from '../ui/basic';
import { useFocusOnce } from '../ui/hooks';
import { ProofDialog } from '../ui/second';
import type { PanelProps } from './page';

const SHOWN_SECONDS = 60;

export function CodePanel({ order, set, writable, reissue }: PanelProps) {
  const [asking, setAsking] = useState(false);
  const [code, setCode] = useState<RevealedCode | null>(null);
  const info = order.code!;
  const hide = () => setCode(null);
  const shown = (c: RevealedCode) => { setAsking(false); setCode(c); api.order(order.id).then(set, () => undefined); };
  return (
    <Card title="Unlock code">
      {info.state !== 'available'
        ? <><p>{codeState(info, absolute)} If you have not opened the {fileWord(order)}, reissue: that makes a new key.</p>
          {reissue && <Button kind="secondary" onClick={reissue}>Reissue with a new key</Button>}</>
        : !code && <>
          <p>It opens the {fileWord(order)}. We ask again who you are, because whoever has both file and code has your key.</p>
          {writable ? <Button kind={order.state === 'issued' ? undefined : 'secondary'} onClick={() => setAsking(true)}>Show the unlock code</Button> : <p class="muted">Your role only reads, so it cannot see the code.</p>}
          <p class="muted">{codeState(info, absolute)}</p>
        </>}
      {code && <Shown code={code} hide={hide} archive={order.archive?.filename ?? 'the archive'} />}
      {asking && <Ask id={order.id} onClose={() => setAsking(false)} onCode={shown} />}
    </Card>
  );
}

function Ask({ id, onClose, onCode }: { id: string; onClose: () => void; onCode: (c: RevealedCode) => void }) {
  return (
    <ProofDialog title="Show the unlock code" doIt="Show" always onClose={onClose} act={async (proof) => onCode(await api.revealCode(id, proof))}>
      <p>Make sure that nobody looks over your shoulder. That you looked is recorded in the order's history, and the owner of the account gets a mail.</p>
    </ProofDialog>
  );
}

function Shown({ code, hide, archive }: { code: RevealedCode; hide: () => void; archive: string }) {
  const [left, setLeft] = useState(SHOWN_SECONDS);
  useEffect(() => {
    const end = Date.now() + SHOWN_SECONDS * 1000;
    const timer = setInterval(() => { const rest = Math.ceil((end - Date.now()) / 1000); if (rest <= 0) hide(); else setLeft(rest); }, 500);
    addEventListener('pagehide', hide); // a page that the browser keeps for "back" keeps no code
    return () => { clearInterval(timer); removeEventListener('pagehide', hide); };
  }, []);
  const box = useFocusOnce<HTMLDivElement>();
  const groups = code.code.split(/[^0-9A-Z]+/i).filter(Boolean);
  return (
    <div class="reveal quiet-focus" ref={box} tabIndex={-1}>
      <p class="sr" role="status">The unlock code is shown for {SHOWN_SECONDS} seconds.</p>
      <p class="code-groups" data-testid="unlock-code">{groups.map((g, i) => <span key={i}>{g}</span>)}</p>
      <div class="form-end"><Copy text={groups.join('')} what="unlock code" /><Button kind="secondary" onClick={hide}>Hide</Button><span class="muted">hidden again in {left} s</span></div>
      <Alert tone="info"><p>Type it without spaces and in capitals when {archive} asks for a password. There is no letter I, L, O or U in it.</p></Alert>
      <dl class="facts tight">
        <Fact name="Check symbol"><strong class="check-symbol">{code.check}</strong> <small>not part of the code: when you read the code out to somebody, it shows whether all was understood</small></Fact>
        <Fact name="Fits the archive with SHA-256"><code class="break">{code.archive_sha256}</code></Fact>
      </dl>
    </div>
  );
}
