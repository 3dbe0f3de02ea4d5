#!/bin/sh
# Serves a small DNS tree by knot: dns-up.sh DIR PORT. Becomes knotd. Leaves DIR/anchor, the DS of the root.
#
#   good.test caa.test   signed         unsigned.test   an insecure delegation
#   wrongds.test         its DS is not its key's        tampered.test   www has another address than was signed
#   servfail.test        configured, without data
set -eu
dir=$1 port=$2
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$dir/db" "$dir/zones"
cd "$dir"

# Signed once and served as it is: the tampered zone must keep its serial.
plain() { zone "$1" "$2"; printf '    zonefile-load: whole\n    journal-content: none\n'; }
zone() { printf '  - domain: "%s"\n    file: "%s"\n' "$1" "$2"; }
signed() { zone "$1" "$2"; printf '    dnssec-signing: on\n    dnssec-policy: test\n'; }
conf() { # the way tampered.test is served
	cat <<END
server:
    listen: 127.0.0.1@$port
    rundir: "$dir"
    tcp-workers: 1
    udp-workers: 1
    background-workers: 1
log:
  - target: "$dir/knot.log"
    any: info
database:
    storage: "$dir/db"
acl:
  - id: local
    address: 127.0.0.1
    action: [transfer, update]
policy:
  - id: test
    algorithm: ECDSAP256SHA256
    single-type-signing: on
    manual: on
    dnskey-ttl: 1
    zone-max-ttl: 10
template:
  - id: default
    storage: "$dir/zones"
    acl: local
    zonefile-sync: -1
    zonefile-load: difference-no-serial
    journal-content: all
    semantic-checks: off
zone:
END
	signed . root.zone
	signed test. test.zone
	signed good.test. good.zone
	signed caa.test. caa.zone
	signed wrongds.test. wrongds.zone
	zone unsigned.test. unsigned.zone
	zone servfail.test. absent.zone
	$1 tampered.test. "tampered.$1"
}

ds() { # the DS of a zone as a master file line
	keymgr -c knot.conf "$1" ds | awk -v z="$1" '$5 == 2 || $4 == 2 { for (i = 1; $i != "DS"; i++); print z, "1 IN DS", $(i+1), $(i+2), $(i+3), $(i+4); exit }'
}

conf signed >knot.conf
for z in . test. good.test. caa.test. wrongds.test. tampered.test.; do
	keymgr -c knot.conf "$z" generate algorithm=ECDSAP256SHA256 ksk=yes zsk=yes >/dev/null
done
head='$TTL 1
@ 1 SOA ns.test. hostmaster.test. 1 3600 600 86400 1
@ 1 NS ns.test.'
{
	echo "$head"
	echo 'ns.test. A 127.0.0.1'
	echo 'test. NS ns.test.'
	ds test.
} >zones/root.zone
{
	echo "$head"
	echo 'ns A 127.0.0.1'
	for z in good caa wrongds unsigned servfail tampered; do echo "$z NS ns.test."; done
	for z in good caa tampered; do ds $z.test.; done
	# A DS of the right form for a key that is not there.
	ds wrongds.test. | sed 's/[0-9a-f]\{16\}$/0123456789abcdef/'
} >zones/test.zone
{
	# What does not exist here may be remembered for an hour, if one remembers.
	echo "$head" | sed '/SOA/s/^@ 1 \(.*\) 1$/@ 3600 \1 3600/'
	cat "$here/good.zone"
	# Too much for a datagram, and for the evidence.
	for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30; do
		printf 'big TXT "%s' $i
		printf '\\"%.0s' $(seq 240)
		printf '"\n'
	done
	echo 'big TXT "value"'
	# As many orders of one name may have published, all at once.
	seq -f 'crowd TXT "order-%04.0f"' 400
} >zones/good.zone
{ echo "$head"; cat "$here/caa.zone"; } >zones/caa.zone
for z in wrongds.zone unsigned.zone tampered.signed; do
	{ echo "$head"; echo 'www A 127.0.0.1'; echo 'www TXT "value"'; } >zones/$z
done

# Let knot sign tampered.test, take what it serves, and change one address behind the signature's back.
knotd -c knot.conf >/dev/null 2>&1 &
pid=$!
n=0
until kdig @127.0.0.1 -p "$port" +noall +answer tampered.test AXFR >tampered.axfr 2>/dev/null &&
	grep -q 'RRSIG.*A 13' tampered.axfr; do
	n=$((n + 1))
	[ $n -lt 100 ] || { cat knot.log >&2; exit 1; }
	sleep 0.1
done
kill $pid
wait $pid || true
sed '/^;/d; s/^\(www.*IN.*A[[:space:]]*\)127.0.0.1$/\1127.0.0.9/; s/"value"/"changed"/' tampered.axfr >zones/tampered.plain
conf plain >knot.conf
ds . >anchor
exec knotd -c knot.conf >/dev/null 2>&1
