"""What the service answers when it cannot do what was asked, always in one shape.

ApiError                 one sentence for a person; over HTTP also a status and a slug for programs
├── NotSignedIn    401   no token, or one that is unknown, expired or revoked
├── NotAllowed     403   the token is good and lacks the scope
├── NotFound       404   nothing there, or not yours to see
├── NotAcceptable  406   a format that is not offered
├── Conflict       409   the thing is not in a state in which this can be done
├── Invalid        422   a field is wrong; the sentence names it
├── TooMany        429   too many wrong keys; try later
├── Unavailable    503   something this needs does not work now; the sentence says what
├── BadSettings    -     the settings are wrong; lists every mistake at once
├── BadInput       -     a file handed to a command cannot be read; names the line
└── CannotStart    -     the service cannot start as it is; the sentence says what to do

It knows no route.
"""

import datetime as dt
from collections.abc import Sequence


class ApiError(Exception):
    """Anything this room refuses on purpose; the message is one sentence for a person."""

    status = 500
    slug = "internal_error"

    def __init__(self, detail: str, *, slug: str | None = None, retry_after: dt.timedelta | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.slug = slug or type(self).slug
        self.retry_after = retry_after


class NotSignedIn(ApiError):
    """Nobody knows who is asking."""

    status = 401
    slug = "not_signed_in"


class NotAllowed(ApiError):
    """We know who is asking, and that is not enough."""

    status = 403
    slug = "not_allowed"


class NotFound(ApiError):
    """There is no such thing."""

    status = 404
    slug = "not_found"


class NotAcceptable(ApiError):
    """The answer exists, but not in that format."""

    status = 406
    slug = "not_acceptable"


class Conflict(ApiError):
    """What is there already does not allow it."""

    status = 409
    slug = "conflict"


class Invalid(ApiError):
    """A field of the request is wrong."""

    status = 422
    slug = "invalid"


class TooMany(ApiError):
    """Slow down."""

    status = 429
    slug = "too_many_requests"


class Unavailable(ApiError):
    """It would be possible if something else worked."""

    status = 503
    slug = "unavailable"


class BadSettings(ApiError):
    """The settings cannot be used; `mistakes` holds one sentence for each."""

    def __init__(self, mistakes: Sequence[str]) -> None:
        super().__init__("\n".join(mistakes))
        self.mistakes = list(mistakes)


class BadInput(ApiError):
    """What was handed to a command cannot be read."""


class CannotStart(ApiError):
    """Something that the service needs in order to start is not as it must be."""
