// The CA certificates: to be installed where the private CA shall be trusted.
import { api } from '../api';
import { saveFile } from '../lib/save';
import { Button, Card, Code, Day, Fact, Loading, Page } from '../ui/basic';
import { Problem } from '../ui/form';
import { useLoad } from '../ui/hooks';

export function CaPage() {
  const list = useLoad(() => api.ca(), []);
  return (
    <Page title="CA certificates" lead="Certificates of a private CA are trusted only where its root certificate is installed. Compare the fingerprint with one that you got by another way.">
      {list.error && <Problem error={list.error} />}
      {list.loading && <Loading what="certificates" />}
      {list.data?.map((ca) => (
        <Card key={ca.id} title={ca.name} id={`ca-${ca.id}`}>
          <dl class="facts">
            <Fact name="Kind">{ca.kind === 'private' ? 'Private CA' : ca.kind}</Fact>
            <Fact name="Valid until"><Day at={ca.not_after} /></Fact>
            <Fact name="Revocation list"><a href={ca.crl_url}>{ca.crl_url}</a></Fact>
          </dl>
          <p class="label">Fingerprint (SHA-256)</p>
          <Code text={ca.sha256} what={`fingerprint of ${ca.name}`} />
          <Button kind="secondary" onClick={() => saveFile(`${ca.id}.pem`, new Blob([ca.certificate_pem]))}>Download (PEM)</Button>
        </Card>
      ))}
    </Page>
  );
}
