// Help where it is needed: how to open the archive, how to install the certificate. With this order's own file names.
import { installGuides, keyCheckCommand, openGuides, type Guide } from '../lib/commands';
import { fileWord, formatOf, gradeOf } from '../lib/handover';
import { href } from '../router';
import { Card, Code } from '../ui/basic';
import { Tabs } from '../ui/tabs';
import type { PanelProps } from './page';

const body = (g: Guide) => <><p>{g.intro}</p><Code text={g.code} what={`commands for ${g.title}`} />{g.after && <p>{g.after}</p>}</>;
const system = () => (/Mac|iPhone|iPad/.test(navigator.userAgent) ? 'macos' : /Linux|X11/.test(navigator.userAgent) ? 'linux' : 'windows');

export function OpenHelp({ files, order }: PanelProps) {
  const guides = openGuides(files, formatOf(order), order.hand_over?.recipient?.startsWith('SHA256:'));
  const first = guides.some((g) => g.id === system()) ? system() : guides[0]!.id;
  return (
    <Card title={`How to open the ${fileWord(order).replace('key archive', 'archive')}`} id="card-open">
      {gradeOf(order) === 'browser' && <p>You saved <strong class="break">{files.archive}</strong> and its code when the key was made in your browser. Neither was ever here: if one of them is lost, reissue with a new key.</p>}
      {gradeOf(order) === 'sealed' && <p>It is sealed to <code class="break">{order.hand_over?.recipient}</code></p>}
      <Tabs key={formatOf(order)} label={formatOf(order) === 'zip' ? 'Your system' : 'Your program'} first={first} tabs={guides.map((g) => ({ id: g.id, title: g.title, body: body(g) }))} />
      {order.spki_sha256 && (
        <details>
          <summary>Is it the right key?</summary>
          <p>This prints the key's fingerprint:</p>
          <Code text={keyCheckCommand(files.key)} what="command that prints the fingerprint" />
          <p>It must be <code class="break">{order.spki_sha256}</code>.</p>
        </details>
      )}
    </Card>
  );
}

export function InstallHelp({ files, order }: PanelProps) {
  return (
    <Card title="How to install it">
      <p>You need <strong class="break">{files.base}.fullchain.pem</strong> from above and <strong class="break">{files.key}</strong>.</p>
      <Tabs label="Your server" tabs={installGuides(files, order.names[0] ?? '').map((g) => ({ id: g.id, title: g.title, body: body(g) }))} />
      <p class="muted">A certificate of a private CA is trusted where the CA's root certificate is installed: see <a href={href('/ca')}>CA certificates</a>.</p>
    </Card>
  );
}
