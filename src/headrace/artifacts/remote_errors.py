"""What an object store answers when it does not do what was asked, in words that name the cause and never a secret."""

import re
from urllib.parse import urlsplit

from msgspec import Struct

from headrace.core.errors import StoreError


class ObjectStoreError(StoreError):
    """The object store does not do what was asked, for a reason that concerns every object."""

    code = "store.objects"

    def __init__(self, place: str, what: str, remedy: str) -> None:
        self.place = place
        super().__init__(f"The object store {place} {what}. {remedy}")


class ObjectStoreUnreachableError(ObjectStoreError):
    """Nothing answers, or only errors do, for as long as was waited."""

    code = "store.objects-unreachable"


class ObjectStoreCredentialsError(ObjectStoreError):
    """The key, its secret or its token is missing, wrong or expired."""

    code = "store.objects-credentials"


class ObjectStoreClockError(ObjectStoreError):
    """This machine's clock is too far from the server's for signatures to hold."""

    code = "store.objects-clock"


class ObjectStoreDeniedError(ObjectStoreError):
    """The credentials are good, but have not the right to do this."""

    code = "store.objects-denied"


class BucketMissingError(ObjectStoreError):
    """The bucket does not exist."""

    code = "store.objects-bucket"


class Answer(Struct, frozen=True):
    """What can be told of a failed request: HTTP status (0: there was no answer), the server's code, a short cause."""

    status: int
    code: str
    cause: str

    @property
    def is_passing(self) -> bool:
        """Whether asking again may help."""
        if self.code in _PASSING:
            return True
        return not self.needs_credentials and self.code != "NotImplemented" and (self.status == 0 or self.status >= 500)

    @property
    def needs_credentials(self) -> bool:
        """Whether nobody had credentials, so that the machine's metadata service was asked for some."""
        return self.status == 0 and self.code == _NONE_FOUND


_NONE_FOUND = "no credentials"
_PASSING = ("SlowDown", "RequestTimeout", "InternalError", "ServiceUnavailable", "OperationAborted", "TooManyRequests")
_CREDENTIALS = {
    "InvalidAccessKeyId": "does not know the access key",
    "SignatureDoesNotMatch": "refuses the signature: the secret key does not belong to the access key",
    "ExpiredToken": "says that the session token has expired",
    "ExpiredTokenException": "says that the session token has expired",
    "InvalidToken": "does not accept the session token",
    "TokenRefreshRequired": "wants a new session token",
    "MissingSecurityHeader": "wants a signed request, and no credentials were found",
    _NONE_FOUND: "was not asked: no credentials were found",
}
_CLOCK = ("RequestTimeTooSkewed", "RequestExpired")
_BUCKET = ("NoSuchBucket", "InvalidBucketName")
_REGION = (
    "AuthorizationHeaderMalformed",
    "PermanentRedirect",
    "TemporaryRedirect",
    "IllegalLocationConstraintException",
)
_CAUSES = {
    "connection refused": "nothing listens there (connection refused)",
    "dns error": "its name is not known (DNS)",
    "failed to lookup": "its name is not known (DNS)",
    "network is unreachable": "the network cannot be reached",
    "no route to host": "there is no route to it",
    "invalid peer certificate": "its certificate is not trusted",
    "connection reset": "the connection was broken off",
    "connection closed": "the connection was broken off",
    "incompletemessage": "the connection was broken off",
    "error decoding response body": "the answer was cut short",
    "end of file before message": "the answer was cut short",
    "timed out": "no answer in time",
    "builder error": "its address is not allowed (http:// or https://?)",
}
_STATUS = re.compile(r"status code: (\d{3})")
_CODE = re.compile(r"<Code>(\w+)</Code>")
_METADATA_SERVICES = ("/latest/api/token", "/latest/meta-data", "169.254.170.2/")
"""Parts of addresses that are asked when no keys were found."""
_MOVED = 301


def answer_of(error: BaseException) -> Answer:
    """What an exception of obstore says; its text holds addresses and parts of signatures, and is not handed on."""
    text = str(error)
    status, code = _STATUS.search(text), _CODE.search(text)
    lower = text.lower()
    if any(sign in text for sign in _METADATA_SERVICES):
        return Answer(0, _NONE_FOUND, "no credentials were found")
    if "redirect without location" in lower:
        return Answer(_MOVED, "", "it answers with a redirect")
    if status is None:
        cause = next((said for sign, said in _CAUSES.items() if sign in lower), "no answer")
        return Answer(0, "", cause)
    found = code[1] if code is not None else ""
    return Answer(int(status[1]), found, f"it answers {status[1]}{found and ' ' + found}")


def error_of(answer: Answer, place: str, *, waited_s: float = 0.0) -> ObjectStoreError:
    """The error that names what is wrong and what to do now."""
    code = answer.code
    if code in _CREDENTIALS:
        said = f"{_CREDENTIALS[code]}" + ("" if code == _NONE_FOUND else f" ({code})")
        return ObjectStoreCredentialsError(place, said, _SIGN_IN)
    if code in _CLOCK:
        return ObjectStoreClockError(place, f"says that this machine's clock is wrong ({code})", _SET_CLOCK)
    if code in _BUCKET:
        return BucketMissingError(place, f"does not exist: there is no such bucket ({code})", _MAKE_BUCKET)
    if code in _REGION or answer.status in (_MOVED, 307):
        return ObjectStoreError(place, f"lies elsewhere ({code or answer.status})", _SET_REGION)
    if answer.is_passing:
        waited = f", asked again for {waited_s:.0f} s" if waited_s >= 1 else ""
        return ObjectStoreUnreachableError(place, f"cannot be reached: {answer.cause}{waited}", _TRY_LATER)
    if answer.status in (401, 403):
        return ObjectStoreDeniedError(place, f"does not allow that ({code or answer.status})", _ALLOW)
    return ObjectStoreError(place, f"does not take the request: {answer.cause}", "`headrace doctor` tries it out.")


def shown_endpoint(endpoint: str) -> str:
    """An endpoint without what may be a password."""
    parts = urlsplit(endpoint)
    return f"{parts.scheme}://{parts.hostname or ''}" + (f":{parts.port}" if parts.port else "")


_SIGN_IN = (
    "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (and AWS_SESSION_TOKEN, if there is one), or AWS_PROFILE to a "
    "profile that holds keys; then `headrace doctor`."
)
_SET_CLOCK = "Set the clock of this machine (`timedatectl set-ntp true`), then run again: what is finished is reused."
_MAKE_BUCKET = "Make it (`aws s3 mb`), or mend `objects` in [tool.headrace] or HEADRACE_OBJECTS."
_SET_REGION = "Set AWS_REGION to the region of the bucket, or AWS_ENDPOINT_URL to its server."
_TRY_LATER = (
    "Check AWS_ENDPOINT_URL and the network, then run again: what is finished is reused. `headrace doctor` tries it "
    "out."
)
_ALLOW = (
    "Give the user of these credentials s3:GetObject, s3:PutObject and s3:ListBucket there (s3:DeleteObject for "
    "`headrace doctor`), or use others."
)
