#!/bin/sh
# SPDX-License-Identifier: ISC
# --new-key and --id: a file for its owner alone, never over another one, and the id of keys made elsewhere.
. "${0%/*}/lib.sh"

umask 000
exits 0 "$TUNNELC" --new-key key
ID=$(cat out)
has "$ID" '^[a-z2-7]{51}[aq]$'
same 600 "$(stat -c %a key)"
exits 0 "$TUNNELC" -i key --id
same "$ID" "$(cat out)"
has "$(openssl pkey -in key -noout -text)" '^ED25519 Private-Key'

# Never over an existing file, whatever it is; the file stays.
before=$(sha256sum key)
exits 100 "$TUNNELC" --new-key key
has "$(cat err)" 'key: it is there already'
same '' "$(cat out)"
same "$before" "$(sha256sum key)"
ln -s nowhere link
exits 100 "$TUNNELC" --new-key link
[ ! -e nowhere ] || fail "it followed a symbolic link"
exits 111 "$TUNNELC" --new-key no/such/folder/key

# Others may not read it.
for mode in 640 604 660 601; do
	chmod $mode key
	exits 100 "$TUNNELC" -i key --id
	has "$(cat err)" "key: mode 0$mode "
done
chmod 400 key
exits 0 "$TUNNELC" -i key --id

# A key of openssl's; P-256; the key of RFC 7515 A.3, whose id is known; others are refused.
openssl genpkey -algorithm ed25519 -out ed 2>/dev/null
openssl ecparam -name prime256v1 -genkey -noout -out p256
openssl ecparam -name secp384r1 -genkey -noout -out p384
openssl genpkey -algorithm rsa -pkeyopt rsa_keygen_bits:1024 -out rsa 2>/dev/null
openssl pkey -in ed -aes128 -passout pass:x -out encrypted
echo nonsense >nonsense
: >empty
# d, x and y of the RFC in DER (SEC 1)
python3 -SE - <<'.' | openssl ec -inform DER -out rfc 2>/dev/null
import base64, sys
raw = lambda s: base64.urlsafe_b64decode(s + "=")
d = raw("jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI")
x, y = raw("f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"), raw("x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0")
curve = bytes.fromhex("a00a06082a8648ce3d030107")
point = b"\xa1\x44\x03\x42\x00\x04" + x + y
body = b"\x02\x01\x01\x04\x20" + d + curve + point
sys.stdout.buffer.write(b"\x30" + bytes([len(body)]) + body)
.
chmod 600 ed p256 p384 rsa encrypted nonsense empty rfc
exits 0 "$TUNNELC" -i ed --id
exits 0 "$TUNNELC" -i p256 --id
exits 0 "$TUNNELC" -i rfc --id
same ucrdfqxrssstku6lcmin3paiehsbjoox5p6csczsgccnpuicb7sq "$(cat out)"
for bad in p384 rsa encrypted nonsense empty; do
	exits 100 timeout 10 "$TUNNELC" -i $bad --id
	has "$(cat err)" "^tunnelc: error: -i $bad: "
	same '' "$(cat out)"
done
mkfifo pipe
chmod 600 pipe
exits 100 timeout 10 "$TUNNELC" -i pipe --id
exits 111 "$TUNNELC" -i nowhere --id

# An id nobody could be told is no success.
for args in '-i ed --id' '--new-key told'; do
	exits 111 sh -c "\"\$1\" $args >/dev/full" sh "$TUNNELC"
	has "$(cat err)" 'standard output: No space left'
done

# Nobody answers --ready.
exits 111 timeout 10 "$TUNNELC" -i key --ready
