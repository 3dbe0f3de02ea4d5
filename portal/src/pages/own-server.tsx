// The better way for those who can: make the key on the server where it will be used. Shows the commands for the typed names.
import { autocsrCommand, opensslCommand } from '../lib/commands';
import { Code } from '../ui/basic';
import { Tabs } from '../ui/tabs';

/** `toPaste` chooses the own CSR; `pasting`: it is chosen. */
export function OwnServerAdvice({ names, keyType, file, toPaste, pasting }: { names: string[]; keyType: string; file: string; toPaste: () => void; pasting: boolean }) {
  return (
    <details class="advice">
      <summary>Can you type commands on your server? Then rather make the key there</summary>
      <p>The private key is the secret half of a certificate: whoever has it can pose as your site. A key that is made on your server and never leaves it cannot be lost on the way.
        Run one of these there, then {!pasting && <><button type="button" class="link" onClick={toPaste}>choose "My own CSR"</button> and </>}paste the content of <code>{file}.csr</code> above. Keep <code>{file}.key</code> where it is.</p>
      <Tabs label="Ways to make a CSR" tabs={[
        { id: 'openssl', title: 'openssl', body: <Code text={opensslCommand(names, keyType)} what="openssl command" /> },
        { id: 'autocsr', title: 'autocsr', body: <Code text={autocsrCommand(names, keyType)} what="autocsr command" /> },
      ]} />
      {names.length === 0 && <p class="muted">Type the names above and they appear in the commands.</p>}
    </details>
  );
}
