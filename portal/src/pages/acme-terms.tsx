// Terms of service of an ACME directory that have changed: a person agrees to them for a client, by the link that it was told.
import { api, type AcmeTerms } from '../api';
import { useState } from 'preact/hooks';
import { Alert, Button, Loading, Page } from '../ui/basic';
import { Problem } from '../ui/form';
import { useAction, useLoad } from '../ui/hooks';

export function AcmeTermsPage({ token }: { token: string }) {
  const asked = useLoad(() => api.acmeTerms(token, false), [token]);
  const [done, setDone] = useState<AcmeTerms | null>(null);
  const agree = useAction(async () => setDone(await api.acmeTerms(token, true)));
  const at = done ?? asked.data;
  return (
    <Page title="New terms of service" lead="An ACME client of yours asks for a certificate, and the terms have changed since it agreed to them." narrow>
      {asked.error && <Problem error={asked.error} />}
      {!at && asked.loading && <Loading what="the terms" />}
      {at && (
        <div class="card">
          <p class="label">The directory</p><p>{at.title}</p>
          <p class="label">The account of the client</p><p><code class="break">{at.account}</code></p>
          <p class="label">The terms</p><p><a class="break" href={at.terms} rel="noreferrer noopener" target="_blank">{at.terms}</a></p>
          {agree.error && <Problem error={agree.error} />}
          {at.agreed ? <Alert tone="ok"><p>Agreed. The client gets certificates again; let it try once more.</p></Alert>
            : <div class="form-end"><Button busy={agree.busy} onClick={() => void agree.run()}>I have read them and agree</Button></div>}
        </div>
      )}
    </Page>
  );
}
