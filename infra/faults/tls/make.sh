#!/bin/sh
# Makes the certificates that the suite's endpoint shows: an authority of their own, a certificate for localhost that is
# valid for a century, one that expired in 2020, and one for another host. Needs openssl 1.1.1 or newer; the results are
# committed, since a machine that runs the suite may have none. The keys protect nothing.
set -eu
cd "$(dirname "$0")"
new_demo() {
  mkdir -p demo && : >demo/index && echo 01 >demo/serial
  cat >demo/ca.conf <<CONF
[ca]
default_ca = d
[d]
dir = demo
database = demo/index
serial = demo/serial
new_certs_dir = demo
certificate = ca.pem
private_key = ca.key
default_md = sha256
policy = p
unique_subject = no
[p]
commonName = supplied
CONF
}
key='-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes'
new_demo
printf 'basicConstraints=critical,CA:true\n' >demo/ca.ext
openssl req $key -subj '/CN=Callpost fault suite' -keyout ca.key -out ca.csr 2>/dev/null
openssl ca -batch -notext -selfsign -config demo/ca.conf -extfile demo/ca.ext -in ca.csr -out ca.pem \
  -startdate 20190101000000Z -enddate 21200101000000Z 2>/dev/null
rm -rf demo ca.csr
issue() {
  name=$1 host=$2
  shift 2
  new_demo
  openssl req $key -subj "/CN=$host" -keyout "$name.key" -out "$name.csr" 2>/dev/null
  printf 'subjectAltName=DNS:%s\n' "$host" >"$name.ext"
  openssl ca -batch -notext -config demo/ca.conf -extfile "$name.ext" -in "$name.csr" -out "$name.crt" "$@" 2>/dev/null
  cat "$name.crt" "$name.key" >"$name.pem"
  rm -rf demo "$name.csr" "$name.ext" "$name.crt" "$name.key"
}
issue valid localhost -startdate 20200101000000Z -enddate 21200101000000Z
issue expired localhost -startdate 20190101000000Z -enddate 20200101000000Z
issue other-host example.test -startdate 20200101000000Z -enddate 21200101000000Z
rm -f ca.key
