#!/bin/sh
# How these files were made, with OpenSSL 3.5: post-quantum keys, CSRs and certificates for programs whose OpenSSL has no
# such algorithms. The seeds are public (bytes 00 to 1f, as in RFC 9881 appendix C): never use these keys.
set -eu
cd "$(dirname "$0")"
seed=000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f
names='subjectAltName=DNS:pq.example.com,DNS:www.pq.example.com,IP:192.0.2.7'
for n in 44 65 87; do
	key=ml-dsa-$n.key
	openssl genpkey -algorithm ML-DSA-$n -pkeyopt hexseed:$seed -provparam ml-dsa.output_formats=seed-only -out $key
	openssl req -new -key $key -subj "/C=DE/O=Example GmbH/CN=pq.example.com" -addext "$names" -out ml-dsa-$n.csr
done
openssl pkcs8 -topk8 -in ml-dsa-65.key -provparam ml-dsa.output_formats=seed-only -v2 aes-256-cbc -v2prf hmacWithSHA256 -iter 10000 \
	-passout pass:test-only -out ml-dsa-65-encrypted.key
openssl req -x509 -key ml-dsa-65.key -subj "/O=Example GmbH/CN=PQ test root" -days 9000 -addext keyUsage=critical,keyCertSign,cRLSign \
	-out ml-dsa-65-root.pem
openssl x509 -req -in ml-dsa-44.csr -CA ml-dsa-65-root.pem -CAkey ml-dsa-65.key -days 9000 -copy_extensions copy \
	-extfile leaf.cnf -out ml-dsa-44-leaf.pem
for type in SHA2-128s SHAKE-128s; do
	name=slh-dsa-$(echo $type | tr A-Z a-z)
	openssl genpkey -algorithm SLH-DSA-$type -out $name.key
	openssl req -new -key $name.key -subj "/CN=pq.example.com" -addext "$names" -out $name.csr
done
