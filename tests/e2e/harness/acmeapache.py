"""Apache with mod_md as an ACME client: a server of its own on loopback that gets its certificate itself."""
import os
import shutil
import signal
import socket
import ssl
import subprocess

from .acmeclients import Client, Files, end_group
from .net import wait_for

MODULES = "/usr/lib/apache2/modules"
CONF = """
ServerRoot {dir}
DefaultRuntimeDir {dir}/run
PidFile {dir}/run/pid
ErrorLog {dir}/error.log
LogLevel warn md:debug
Listen 127.0.0.1:{http}
Listen 127.0.0.1:{tls}
{modules}
{user}
ServerName {first}
DocumentRoot {dir}/www
SSLSessionCache none
Protocols http/1.1 acme-tls/1
MDStoreDir {dir}/md
MDCertificateAuthority {ca}
MDCACertificateFile {root}
MDCertificateAgreement accepted
MDContactEmail webmaster@good.test
MDPortMap http:{http} https:{tls}
MDCAChallenges {how}
MDPrivateKeys secp256r1
MDCheckInterval 1s
MDInitialDelay 0
MDRetryDelay 1s
MDRenewMode always
MDStapling off
MDBaseServer off
{more}
MDomain {names} manual
<VirtualHost 127.0.0.1:{http}>
  ServerName {first}
  {alias}
</VirtualHost>
<VirtualHost 127.0.0.1:{tls}>
  ServerName {first}
  {alias}
  SSLEngine on
</VirtualHost>
"""


class ModMd(Client):
    program = "apache2"

    def prepare(self):
        self.proc = None
        for folder in ("run", "www", "md"):
            (self.dir / folder).mkdir(exist_ok=True)

    def start(self, *names, how="http-01"):
        """Starts Apache, which at once begins to get a certificate for these names."""
        user = ""
        if os.geteuid() == 0:
            user = "User www-data\nGroup www-data"
            shutil.chown(self.dir / "run", "www-data")
        modules = [f"LoadModule {m}_module {MODULES}/mod_{m}.so" for m in ("mpm_event", "authz_core", "socache_shmcb", "ssl", "md")]
        more = [f"MDExternalAccountBinding {' '.join(self.ca.eab)}"] if self.ca.eab else []
        if how == "dns-01":
            more += [f"MDChallengeDns01 {self.hook('modmd')}"]
        plain = [n for n in names if not n.startswith("*.")]
        alias = [n for n in names if n != plain[0]]
        (self.dir / "apache.conf").write_text(CONF.format(
            dir=self.dir, http=self.ca.http_port, tls=self.ca.tls_port, modules="\n".join(modules), user=user, first=plain[0],
            ca=self.ca.directory, root=self.ca.tls_root, how=how, more="\n".join(more), names=" ".join(names),
            alias="ServerAlias " + " ".join(alias) if alias else ""))
        with open(self.dir / "output", "ab") as out:
            self.proc = subprocess.Popen(["apache2", "-f", self.dir / "apache.conf", "-DFOREGROUND"], cwd=self.dir, env=self.env(),
                                         stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True)
        return self

    def issue(self, *names, how="http-01", seconds=40):
        """Until Apache serves a certificate of the CA: it is fetched, then a graceful restart puts it to use."""
        self.start(*names, how=how)
        return self.activate(seconds)

    def activate(self, seconds=40):
        staged = self.dir / "md" / "staging"
        def ready():
            assert self.proc.poll() is None, self.log()
            return [p for p in staged.glob("*/job.json") if '"finished": true' in p.read_text()]
        try:
            wait_for("mod_md to have a certificate", ready, seconds, 0.2)
        except AssertionError as e:
            raise AssertionError(f"{e}\n{self.log()}") from None
        self.proc.send_signal(signal.SIGUSR1)
        domain = self.dir / "md" / "domains"
        wait_for("mod_md to take it into use", lambda: not list(staged.glob("*/job.json")) and list(domain.glob("*/pubcert*.pem")), 20)
        return Files(next(domain.glob("*/pubcert*.pem")), next(domain.glob("*/privkey*.pem")))

    def served(self, name):
        """The certificate that Apache shows for a name, as PEM."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        with socket.create_connection(("127.0.0.1", self.ca.tls_port), 10) as plain:
            with context.wrap_socket(plain, server_hostname=name) as tls:
                return ssl.DER_cert_to_PEM_cert(tls.getpeercert(True))

    def log(self):
        return "".join(p.read_text(errors="replace")[-4000:] for p in (self.dir / "output", self.dir / "error.log") if p.exists())

    def stop(self):
        if self.proc is None:
            return
        self.proc.terminate()
        try:
            self.proc.wait(10)
        except subprocess.TimeoutExpired:
            pass
        end_group(self.proc)
        self.proc = None
