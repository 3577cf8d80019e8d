"""Second factors: codes of an authenticator (TOTP, RFC 6238, six digits, 30 seconds) and recovery codes on paper.

A code of the present time step, the one before or the one after is taken, once. Its secret is sealed with a key that
lies outside the database (`TOCSIN_ACCOUNT_KEY`); a database that is stolen alone makes no codes. Recovery codes are
shown once and kept as hashes. It knows no session and no page.
"""

import base64
import datetime as dt
import hashlib
import hmac
import io
import secrets

import pyotp
import segno
from cryptography.fernet import Fernet, InvalidToken
from markupsafe import Markup
from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from api import audit
from api.auth import digest
from api.errors import Conflict, Invalid, NotFound, Unavailable
from models.credential import RecoveryCode, SecondFactor

SECONDS = 30
DRIFT = (0, -1, 1)  # steps that a telephone's clock may be off
RECOVERY_CODES = 10
RECOVERY_LENGTH = 16  # of 31 characters each: 79 bits, too many to try against a stolen hash
ISSUER = "Tocsin"
# Without what reads alike: 0 and o, 1 and l and i.
ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"


def has_one(session: Session, account_id: int) -> bool:
    """Whether an account has a second factor that a code has confirmed."""
    query = select(SecondFactor.account_id).where(
        SecondFactor.account_id == account_id, SecondFactor.confirmed_at.is_not(None)
    )
    return session.scalars(query).one_or_none() is not None


def begin(session: Session, account_id: int, key: str, now: dt.datetime) -> str:
    """Return the secret of a new second factor, which does not count before a code confirms it.

    Asked again before that, the same secret is returned. Raises Conflict where one is confirmed already.
    """
    known = session.get(SecondFactor, account_id)
    if known is None:
        secret = pyotp.random_base32()
        sealed = box(key).encrypt(secret.encode()).decode()
        session.add(SecondFactor(account_id=account_id, sealed=sealed, created_at=now))
        session.flush()
        return secret
    if known.confirmed_at is not None:
        raise Conflict("this account has a second factor; end that one first")
    return unsealed(known, key)


def confirm(session: Session, account_id: int, code: str, key: str, now: dt.datetime) -> list[str] | None:
    """Let a second factor count from now on and return its recovery codes; None when the code is wrong.

    Raises NotFound where none was begun, and Conflict where it counts already.
    """
    known = session.get(SecondFactor, account_id, with_for_update=True)
    if known is None:
        raise NotFound("no second factor was begun; open the page again")
    if known.confirmed_at is not None:
        raise Conflict("this second factor counts already")
    step = step_of(unsealed(known, key), code, now)
    if step is None:
        return None
    known.confirmed_at, known.last_step = now, step
    _note(session, account_id, account_id, "enrolled", now)
    return new_codes(session, account_id, now)


def accepts(session: Session, account_id: int, code: str, key: str, now: dt.datetime) -> bool:
    """Use a code up, of the authenticator or of the paper; False when it is wrong, used, or nothing is enrolled."""
    known = session.get(SecondFactor, account_id)
    if known is None or known.confirmed_at is None:
        return False
    step = step_of(unsealed(known, key), code, now)
    if step is None:
        return _uses_paper(session, account_id, code, now)
    # Of two who send the same code at once, one gets in.
    use = (
        update(SecondFactor)
        .where(SecondFactor.account_id == account_id, SecondFactor.last_step < step)
        .values(last_step=step)
        .returning(SecondFactor.account_id)
        .execution_options(synchronize_session=False)
    )
    return session.scalars(use).one_or_none() is not None


def new_codes(session: Session, account_id: int, now: dt.datetime) -> list[str]:
    """Return new recovery codes; those from before are worthless from now on."""
    session.execute(delete(RecoveryCode).where(RecoveryCode.account_id == account_id))
    codes = ["".join(secrets.choice(ALPHABET) for _ in range(RECOVERY_LENGTH)) for _ in range(RECOVERY_CODES)]
    session.add_all(RecoveryCode(account_id=account_id, sha256=digest(code), created_at=now) for code in codes)
    session.flush()
    _note(session, account_id, account_id, "new recovery codes", now)
    return ["-".join(code[start : start + 4] for start in range(0, RECOVERY_LENGTH, 4)) for code in codes]


def codes_left(session: Session, account_id: int) -> int:
    """Count the recovery codes that were not used."""
    query = select(RecoveryCode.id).where(RecoveryCode.account_id == account_id, RecoveryCode.used_at.is_(None))
    return len(session.scalars(query).all())


def remove(session: Session, account_id: int, by: int | None, now: dt.datetime) -> bool:
    """Take an account's second factor and recovery codes away; False where it had none."""
    session.execute(delete(RecoveryCode).where(RecoveryCode.account_id == account_id))
    gone = session.scalars(
        delete(SecondFactor).where(SecondFactor.account_id == account_id).returning(SecondFactor.account_id)
    ).one_or_none()
    if gone is not None:
        _note(session, account_id, by, "ended" if by == account_id else "reset", now)
    return gone is not None


def step_of(secret: str, code: str, now: dt.datetime) -> int | None:
    """Return the time step whose code this is, None when it is that of none nearby."""
    typed = "".join(code.split())
    if not (len(typed) == 6 and typed.isascii() and typed.isdigit()):
        return None
    totp, present = pyotp.TOTP(secret, interval=SECONDS), int(now.timestamp()) // SECONDS
    matching = [d for d in DRIFT if hmac.compare_digest(totp.generate_otp(present + d).encode(), typed.encode())]
    return present + matching[0] if matching else None


def address_of(secret: str, name: str) -> str:
    """Return the otpauth address that authenticators read."""
    return pyotp.TOTP(secret, interval=SECONDS).provisioning_uri(name=name, issuer_name=ISSUER)


def picture_of(address: str) -> Markup:
    """Draw an address as a QR code: an SVG for the page itself, black on white in every scheme."""
    drawn = io.BytesIO()
    segno.make(address, error="m", micro=False).save(
        drawn, kind="svg", scale=5, border=4, light="#fff", dark="#000", xmldecl=False, svgns=True, svgclass="qr"
    )
    return Markup(drawn.getvalue().decode())  # noqa: S704  drawn by us out of numbers


def box(key: str) -> Fernet:
    """Return what seals and opens secrets with the installation's key."""
    return Fernet(base64.urlsafe_b64encode(hashlib.sha256(f"tocsin second factor {key}".encode()).digest()))


def unsealed(known: SecondFactor, key: str) -> str:
    """Return the secret of a second factor; raises Unavailable where the key is another one than it was sealed with."""
    try:
        return box(key).decrypt(known.sealed.encode()).decode()
    except InvalidToken:
        raise Unavailable(
            "the second factor cannot be read: the secret account_key is not the one it was sealed with; the operator "
            "puts TOCSIN_HOME/secrets/account_key back, or an administrator resets the second factor"
        ) from None


def checked_code(code: str) -> str:
    """Return a code as typed; raises Invalid when it cannot be one at all."""
    if not 6 <= len(code.strip()) <= 40:
        raise Invalid("code: six digits of your authenticator, or one of your recovery codes")
    return code.strip()


def _uses_paper(session: Session, account_id: int, code: str, now: dt.datetime) -> bool:
    typed = "".join(code.lower().replace("-", " ").split())
    use = (
        update(RecoveryCode)
        .where(
            RecoveryCode.account_id == account_id, RecoveryCode.sha256 == digest(typed), RecoveryCode.used_at.is_(None)
        )
        .values(used_at=now)
        .returning(RecoveryCode.id)
    )
    if session.scalars(use).one_or_none() is None:
        return False
    details = {"left": codes_left(session, account_id)}
    audit.note(session, account_id, "second_factor.recovery_used", now, about=("account", account_id), details=details)
    return True


def _note(session: Session, account_id: int, by: int | None, what: str, now: dt.datetime) -> None:
    audit.note(session, by, "second_factor.changed", now, about=("account", account_id), details={"what": what})
