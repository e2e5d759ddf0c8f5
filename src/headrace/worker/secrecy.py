"""Whether a secret that a step was given stands in what it leaves in the store; says so, and changes nothing."""

import json
import warnings
from collections.abc import Iterator, Mapping

from headrace.core.values import CompositeValue, InlineValue, ObjectValue, Value
from headrace.ports.artifacts import ArtifactStore

SHORTEST = 4
"""Characters of a secret that is looked for; anything shorter stands in any text."""
LARGEST_BYTES = 64 << 20
"""An object is looked through if it is no larger."""


class SecretStoredWarning(UserWarning):
    """The value of a secret stands in a value that is stored, and so can be read by whoever can read the store."""


class Secrecy:
    """Looks for an attempt's secrets in the values that it stores: as text, in texts and in the bytes of objects.

    What is compressed, encoded or cut into pieces is not seen.
    """

    def __init__(self, secrets: Mapping[str, str], artifacts: ArtifactStore) -> None:
        self._secrets = {name: text for name, text in secrets.items() if len(text) >= SHORTEST}
        self._artifacts = artifacts

    def look(self, owner: str, value: Value | None = None) -> None:
        """Warn for each secret that stands in a value, or in its owner's name."""
        if not self._secrets:
            return
        texts = [owner.encode(errors="surrogatepass"), *(self._texts(value) if value is not None else ())]
        for name, secret in self._secrets.items():
            forms = {secret.encode(), json.dumps(secret)[1:-1].encode()}
            if any(form in text for form in forms for text in texts):
                # explicitly, because no line of the user's code is on the stack here, and one of ours would mislead
                warnings.warn_explicit(
                    f"{owner} holds the value of the secret {name!r}: it is stored as it is, and whoever can read the "
                    f"store can read it. Keep what was made with the secret, not the secret.",
                    SecretStoredWarning,
                    "<headrace>",
                    1,
                )

    def _texts(self, value: Value) -> Iterator[bytes]:
        match value:
            case InlineValue():
                yield value.text.encode()
            case CompositeValue():
                for _, member in value.members:
                    yield from self._texts(member)
            case ObjectValue():
                if value.size_bytes <= LARGEST_BYTES:
                    yield self._artifacts.open_bytes(value)
