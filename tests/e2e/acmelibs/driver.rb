# Drives Debian's ruby-acme-client: one JSON object a line on standard input says what to do, one line answers. The calls are the
# library's own; nothing is done for it. usage: ruby driver.rb DIRECTORY ROOT.pem
require 'acme-client'
require 'json'

class Driver
  def initialize(directory, root)
    @client = Acme::Client.new(private_key: key, directory: directory, connection_options: { ssl: { ca_file: root } })
  end

  # One in 128 keys has a coordinate with leading zeros, which this library leaves out of the JWK (RFC 7518 6.2.1.2 wants them).
  def key
    loop do
      key = OpenSSL::PKey::EC.generate('prime256v1')
      point = key.public_key.to_bn(:uncompressed).to_s(2)
      return key if point.getbyte(1) != 0 && point.getbyte(33) != 0
    end
  end

  def account(one)
    { url: one.url, status: one.status, contact: one.contact }
  end

  # Debian 12's version knows no binding.
  def register(ask)
    more = {}
    if ask['Kid']
      knows = @client.method(:new_account).parameters.any? { |_, name| name == :external_account_binding }
      return { cannot: 'this version of the library binds no account' } unless knows
      more = { external_account_binding: { kid: ask['Kid'], hmac_key: ask['Mac'] } }
    end
    account(@client.new_account(contact: ask['Contact'], terms_of_service_agreed: true, **more))
  end

  def show(authz)
    ways = {}
    ways['http-01'] = { path: '/' + authz.http01.filename, body: authz.http01.file_content } if authz.http01
    ways['dns-01'] = { value: authz.dns01.record_content } if authz.dns01
    { url: authz.url, name: authz.domain, status: authz.status, wildcard: authz.wildcard ? true : false, ways: ways }
  end

  def order(ask)
    made = @client.new_order(identifiers: ask['Names'])
    { url: made.url, status: made.status, authz: made.authorizations.map { |one| show(one) } }
  end

  def until_settled(object)
    100.times do
      return unless %w[pending processing].include?(object.status)
      sleep(0.1)
      object.reload
    end
  end

  def accept(ask)
    authz = @client.authorization(url: ask['URL'])
    challenge = ask['Type'] == 'dns-01' ? authz.dns01 : authz.http01
    challenge.request_validation
    until_settled(authz)
    challenge.reload
    return show(authz) if authz.status == 'valid'
    { error: challenge.error['type'], detail: challenge.error['detail'] }
  end

  def finalize(ask)
    made = @client.order(url: ask['URL'])
    until_settled(made)
    made.finalize(csr: OpenSSL::X509::Request.new(ask['Csr'].unpack1('m')))
    until_settled(made)
    { chain: made.certificate }
  end

  def revoke(ask)
    @client.revoke(certificate: OpenSSL::X509::Certificate.new(ask['Cert'].unpack1('m')), reason: ask['Reason'])
    {}
  end

  def do(ask)
    case ask['Do']
    when 'register' then register(ask)
    when 'account' then account(@client.account)
    when 'contact' then account(@client.account_update(contact: ask['Contact']))
    when 'order' then order(ask)
    when 'accept' then accept(ask)
    when 'finalize' then finalize(ask)
    when 'revoke' then revoke(ask)
    when 'roll' then account(@client.account_key_change(new_private_key: key))
    when 'drop' then show(@client.deactivate_authorization(url: ask['URL']))
    when 'end' then account(@client.account_deactivate)
    else { cannot: "this library has no #{ask['Do']}" }
    end
  rescue Acme::Client::Error => e
    { error: Acme::Client::Error::ACME_ERRORS.key(e.class) || e.class.name, detail: e.message }
  end
end

driver = Driver.new(*ARGV)
$stdout.sync = true
while (line = $stdin.gets)
  puts(JSON.generate(driver.do(JSON.parse(line))))
end
