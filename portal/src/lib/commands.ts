// Command lines and server snippets that customers copy. Every value that a person typed is quoted for the shell.

export const shellQuote = (text: string) => (/^[A-Za-z0-9_.,:\/@%+=-]+$/.test(text) ? text : `'${text.replace(/'/g, `'\\''`)}'`);
const isIp = (name: string) => /^[\d.]+$/.test(name) || name.includes(':');

/** A file name for a set of names: `*.example.com` becomes `wildcard.example.com`. */
export function baseName(name: string | undefined): string {
  return (name ?? 'www.example.com').replace(/^\*/, 'wildcard').replace(/[^A-Za-z0-9.-]/g, '_');
}

export function autocsrCommand(names: string[], keyType: string): string {
  const file = baseName(names[0]);
  const hosts = (names.length ? names : ['www.example.com']).map((n) => `${isIp(n) ? '--ip' : '--host'} ${shellQuote(n)}`);
  return `autocsr csr new ${hosts.join(' ')} --key ${keyType} \\\n  --keyout ${file}.key --no-passphrase --out ${file}.csr`;
}

function opensslKey(type: string): string {
  const curves: Record<string, string> = { 'ec:p256': 'P-256', 'ec:p384': 'P-384', 'ec:p521': 'P-521' };
  const curve = curves[type];
  if (curve) return `-newkey ec -pkeyopt ec_paramgen_curve:${curve}`;
  return `-newkey ${type}`;
}

export function opensslCommand(names: string[], keyType: string): string {
  const list = names.length ? names : ['www.example.com'];
  const file = baseName(list[0]);
  const san = list.map((n) => `${isIp(n) ? 'IP' : 'DNS'}:${n}`).join(',');
  return `umask 077\nopenssl req -new ${opensslKey(keyType)} -nodes -sha256 \\\n  -keyout ${file}.key -out ${file}.csr \\\n` +
    `  -subj ${shellQuote(`/CN=${list[0]}`)} -addext ${shellQuote(`subjectAltName=${san}`)}`;
}

export interface Files { archive: string; key: string; base: string }
export interface Guide { id: string; title: string; intro: string; code: string; after?: string }

/** How the file with the key is opened, by its format; `ssh`: it was sealed to an SSH key. */
export function openGuides(files: Files, format: string, ssh = false): Guide[] {
  switch (format) {
    case 'pkcs8': return pkcs8Guides(files);
    case 'p12': case 'p12-legacy': return pkcs12Guides(files);
    case 'age': return ageGuides(files, ssh);
    case 'cms': return cmsGuides(files);
    default: return zipGuides(files);
  }
}

function pkcs8Guides({ archive, key }: Files): Guide[] {
  return [
    { id: 'openssl', title: 'openssl', intro: 'On any system with OpenSSL. It asks for the unlock code as the password and writes the key without it, as servers want it:',
      code: `umask 077\nopenssl pkcs8 -in ${archive} -out ${key}` },
    { id: 'windows', title: 'Windows', intro: 'Git for Windows brings OpenSSL along. In PowerShell:',
      code: `& "C:\\Program Files\\Git\\usr\\bin\\openssl.exe" pkcs8 -in ${archive} -out ${key}` },
    { id: 'locked', title: 'Leave it locked', intro: 'Some servers read the locked file and take the code from a file of its own. nginx, for instance:',
      code: `ssl_certificate_key /etc/ssl/private/${archive};\nssl_password_file   /etc/ssl/private/code.txt;`, after: 'The code stands there without dashes and blanks, in a file that only root reads.' },
  ];
}

function pkcs12Guides({ archive, key }: Files): Guide[] {
  return [
    { id: 'openssl', title: 'openssl', intro: 'It asks for the unlock code as the import password and writes the key without it, as servers want it:',
      code: `umask 077\nopenssl pkcs12 -in ${archive} -nocerts -nodes -out ${key}` },
    { id: 'windows', title: 'Windows', intro: 'Git for Windows brings OpenSSL along. The file holds the key only, so there is nothing to import yet: take the key out now, and put it together with the certificate when that is there. In PowerShell:',
      code: `& "C:\\Program Files\\Git\\usr\\bin\\openssl.exe" pkcs12 -in ${archive} -nocerts -nodes -out ${key}` },
  ];
}

function ageGuides({ archive, key }: Files, ssh: boolean): Guide[] {
  const identity = ssh ? '~/.ssh/id_ed25519' : 'key.txt';
  return [
    { id: 'age', title: 'age', intro: `With the private key to the public key that you gave${ssh ? ', here in the usual place' : ', the identity file that age-keygen wrote'}. There is no unlock code:`,
      code: `umask 077\nage -d -i ${identity} -o ${key} ${archive}` },
    { id: 'rage', title: 'rage', intro: 'The same with rage:', code: `umask 077\nrage -d -i ${identity} -o ${key} ${archive}` },
  ];
}

function cmsGuides({ archive, key }: Files): Guide[] {
  return [
    { id: 'openssl', title: 'openssl', intro: 'With the private key to the certificate that you gave (my.key, my.pem). OpenSSL 3; there is no unlock code:',
      code: `umask 077\nopenssl cms -decrypt -inform DER -in ${archive} -recip my.pem -inkey my.key -out ${key}` },
  ];
}

function zipGuides({ archive, key }: Files): Guide[] {
  return [
    { id: 'windows', title: 'Windows', intro: 'Windows Explorer cannot open this kind of archive (AES-256). Install 7-Zip, right-click the file, choose "7-Zip", "Extract here", and type the unlock code. Or in PowerShell:',
      code: `& "C:\\Program Files\\7-Zip\\7z.exe" x ${archive}` },
    { id: 'macos', title: 'macOS', intro: 'Archive Utility, which opens on a double click, cannot open this kind of archive (AES-256). Install Keka or The Unarchiver and drop the file on it. Or in Terminal, with 7-Zip from Homebrew:',
      code: `brew install sevenzip\n7zz x ${archive}` },
    { id: 'linux', title: 'Linux', intro: 'The unzip command cannot open this kind of archive (AES-256). Use 7z (package p7zip-full or 7zip) or bsdtar (package libarchive-tools); both ask for the unlock code:',
      code: `7z x ${archive}\n# or\nbsdtar -xf ${archive}\n# then let nobody else read the key\nchmod 600 ${key}` },
    { id: 'autocsr', title: 'autocsr', intro: 'The autocsr command opens it on any system and asks for the code, dashes or not:',
      code: `autocsr archive open ${archive} --out ${key}` },
  ];
}

/** Prints the fingerprint of a key file, to be compared with the one on the order's page. */
export const keyCheckCommand = (key: string) => `openssl pkey -in ${key} -pubout -outform DER | openssl dgst -sha256`;

export function installGuides({ key, base }: Files, name: string): Guide[] {
  const full = `${base}.fullchain.pem`;
  return [
    { id: 'nginx', title: 'nginx', intro: 'Copy both files to the server, for instance into /etc/ssl/private, and name them in the server block. Then: nginx -t && systemctl reload nginx',
      code: `server {\n    listen 443 ssl;\n    server_name ${name};\n    ssl_certificate     /etc/ssl/private/${full};\n    ssl_certificate_key /etc/ssl/private/${key};\n}` },
    { id: 'apache', title: 'Apache', intro: 'In the virtual host for port 443. Then: apachectl configtest && systemctl reload apache2 (or httpd)',
      code: `<VirtualHost *:443>\n    ServerName ${name}\n    SSLEngine on\n    SSLCertificateFile    /etc/ssl/private/${full}\n    SSLCertificateKeyFile /etc/ssl/private/${key}\n</VirtualHost>` },
    { id: 'haproxy', title: 'HAProxy', intro: 'HAProxy reads certificate, chain and key from one file:',
      code: `umask 077\ncat ${full} ${key} > /etc/haproxy/certs/${base}.pem\n# in haproxy.cfg:\nfrontend https\n    bind :443 ssl crt /etc/haproxy/certs/${base}.pem` },
    { id: 'iis', title: 'IIS', intro: 'Windows wants key and certificate in one .pfx file. Make it with OpenSSL (it asks for a password of your choice), then import it:',
      code: `openssl pkcs12 -export -inkey ${key} -in ${full} -out ${base}.pfx\n\n# PowerShell, as administrator\nImport-PfxCertificate -FilePath ${base}.pfx -CertStoreLocation Cert:\\LocalMachine\\My -Password (Read-Host -AsSecureString)`,
      after: 'Then choose the certificate in IIS Manager: Site, Bindings, https, Edit.' },
    { id: 'tomcat', title: 'Tomcat', intro: 'Tomcat 8.5 and newer reads PEM files directly, in conf/server.xml:',
      code: `<Connector port="8443" protocol="org.apache.coyote.http11.Http11NioProtocol"\n           SSLEnabled="true" scheme="https" secure="true">\n  <SSLHostConfig>\n    <Certificate certificateFile="conf/${base}.pem"\n                 certificateChainFile="conf/${base}.chain.pem"\n                 certificateKeyFile="conf/${key}" />\n  </SSLHostConfig>\n</Connector>` },
  ];
}
