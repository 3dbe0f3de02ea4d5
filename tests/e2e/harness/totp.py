"""An authenticator app: RFC 6238 with SHA-1, six digits, thirty seconds."""
import base64
import hmac
import struct
import time


def totp_now(secret, at=None):
    """The code for a base32 secret at a time (seconds, default now)."""
    key = base64.b32decode(secret.replace(" ", "").upper() + "=" * (-len(secret.replace(" ", "")) % 8))
    digest = hmac.new(key, struct.pack(">Q", int((at or time.time()) // 30)), "sha1").digest()
    start = digest[-1] & 15
    return f"{(struct.unpack('>I', digest[start:start + 4])[0] & 0x7FFFFFFF) % 1000000:06d}"


def enable_totp(api):
    """Turns the second factor on for this session's user. Returns (secret, recovery codes)."""
    made = api.post("/totp", {"password": api.password}, 200)
    codes = api.post("/totp/confirm", {"code": totp_now(made["secret"])}, 200)["recovery_codes"]
    return made["secret"], codes
