"""What is read from the texts of obstore's exceptions, and what is told of it."""

import pytest

from headrace.artifacts.remote_errors import answer_of, error_of, shown_endpoint
from headrace.artifacts.remote_folder import key_of

SAID = "Generic S3 error: Error performing PUT http://host/b/x in 3ms - Server returned non-2xx status code: "


def told(status: int, code: str = "") -> Exception:
    body = f"<Error><Code>{code}</Code><StringToSign>hush</StringToSign></Error>" if code else ""
    return OSError(f"{SAID}{status} X: {body}\n\nDebug source: …")


@pytest.mark.parametrize(
    ("error", "is_passing", "code"),
    [
        (told(500, "InternalError"), True, "store.objects-unreachable"),
        (told(503, "SlowDown"), True, "store.objects-unreachable"),
        (told(502), True, "store.objects-unreachable"),
        (told(400, "RequestTimeout"), True, "store.objects-unreachable"),
        (told(501, "NotImplemented"), False, "store.objects"),
        (told(403, "InvalidAccessKeyId"), False, "store.objects-credentials"),
        (told(403, "SignatureDoesNotMatch"), False, "store.objects-credentials"),
        (told(400, "ExpiredToken"), False, "store.objects-credentials"),
        (told(403, "RequestTimeTooSkewed"), False, "store.objects-clock"),
        (told(403, "AccessDenied"), False, "store.objects-denied"),
        (told(403), False, "store.objects-denied"),
        (told(404, "NoSuchBucket"), False, "store.objects-bucket"),
        (told(400, "AuthorizationHeaderMalformed"), False, "store.objects"),
        (OSError("HTTP error: error sending request: Connection refused (os error 111)"), True, "store.objects-unreachable"),
        (OSError("Error performing PUT http://169.254.169.254/latest/api/token in 1s"), False, "store.objects-credentials"),
        (OSError("Received redirect without LOCATION, this normally indicates …"), False, "store.objects"),
    ],
)  # fmt: skip
def test_an_answer_is_waited_for_or_named(error, is_passing, code):
    answer = answer_of(error)
    assert answer.is_passing is is_passing
    made = error_of(answer, "s3://bucket", waited_s=60)
    assert made.code == code
    assert "s3://bucket" in str(made)
    assert "hush" not in str(made)
    assert str(made).count(". ") >= 1 or code == "store.objects"


def test_an_endpoint_is_shown_without_a_password():
    assert shown_endpoint("https://me:hush@s3.example.org:9000/x?token=hush") == "https://s3.example.org:9000"


def test_keys_are_the_paths_of_the_folder():
    assert key_of("ab" * 32) == f"objects/ab/{'ab' * 31}"
