"""What a value becomes is decided before anything is written: inline text, objects, or a composite of both."""

import dataclasses
import enum
import warnings
from collections import OrderedDict
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from artifact_kit import round_trip, written
from headrace.artifacts.containers import compose, members_of
from headrace.artifacts.drafting import Branch, Drafting, plain_text
from headrace.artifacts.errors import PickledArtifactWarning, PickleForbiddenError, UnstorableError
from headrace.artifacts.formats import Draft, FormatRegistry, FormatSettings, type_key
from headrace.artifacts.objects import Sink
from headrace.core.digests import digest_bytes
from headrace.core.values import InlineValue


class Mode(enum.Enum):
    FAST = 1


@dataclasses.dataclass
class Result:
    scores: object
    mode: Mode = Mode.FAST


class Split(NamedTuple):
    train: object
    test: object


def path_branch(path: Path) -> Branch:
    return Branch("record", (("file", InlineValue(f'"{path.name}"')),), "pathlib:Path")


def drafting(pickles="warn", plug_ins=dict) -> Drafting:
    return Drafting(FormatRegistry(FormatSettings(), plug_ins), pickles, path_branch)


def draft(value, **settings):
    return drafting(**settings).draft(value, "the output of step 'fit'")


def test_small_plain_values_are_inline():
    for value in (
        1,
        "x",
        [1, {"a": None}],
        Result([0.5]),
        Split(1, (2,)),
        {1, 2},
        np.float64(0.5),
        {"auc": np.int64(1)},
    ):
        assert isinstance(draft(value), InlineValue)


def test_long_plain_values_are_objects_of_their_own_format():
    for value, name in (
        ("x" * 9000, "text"),
        (b"x" * 9000, "bytes"),
        (list(range(9000)), "json"),
        ("\ud800" * 9000, "json"),
    ):
        drafted = draft(value)
        assert isinstance(drafted, Draft)
        assert drafted.format == name


def test_a_long_list_knows_its_length():
    assert draft(list(range(9000))).length == 9000
    assert draft({"a": "x" * 9000}).length is None


def test_the_project_s_classes_in_long_plain_data_are_noted():
    assert draft([Result(index) for index in range(500)]).classes == (f"{__name__}:Mode", f"{__name__}:Result")


def test_containers_of_other_things_are_taken_apart():
    drafted = draft(Split(Result(np.zeros(2)), {"k": [np.zeros(2)], 5: 1}))
    assert isinstance(drafted, Branch)
    assert (drafted.kind, drafted.python_type) == ("record", f"{__name__}:Split")
    train, test = (member for _, member in drafted.members)
    assert [name for name, _ in train.members] == ["scores", "mode"]
    assert [name for name, _ in test.members] == ['"k"', "5"]


def test_a_file_that_exists_is_stored_and_a_path_that_does_not_is_text():
    here = Path(__file__)
    assert draft(here) == path_branch(here)
    assert draft([here, 1]).members[0][1] == path_branch(here)
    assert isinstance(draft(here / "nothing"), InlineValue)
    assert isinstance(draft({"a": here / "nothing"}), Branch)


def test_a_pickle_is_announced_with_its_owner_and_reason():
    with pytest.warns(
        PickledArtifactWarning, match=r"the output of step 'fit'\['model'\] is a .*object, stored as a pickle"
    ):
        drafted = draft({"model": object()})
    assert drafted.members[0][1].format == "pickle"
    with pytest.warns(PickledArtifactWarning, match="its elements are of dtype object"):
        draft(np.array([object()]))


def test_the_same_pickle_is_announced_once():
    rules = drafting()
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("default")
        for owner in ("the output of step 'fit'", "the output of step 'fit'", "the output of step 'other'"):
            rules.draft(object(), owner)
    assert [str(one.message).partition(" is ")[0] for one in told] == [
        "the output of step 'fit'",
        "the output of step 'other'",
    ]


def test_pickles_can_be_allowed_without_a_word():
    assert draft(object(), pickles="allow").format == "pickle"


def test_pickles_can_be_forbidden():
    with pytest.raises(PickleForbiddenError, match=r"the output of step 'fit'\[1\].*no format knows its type.*forbid"):
        draft([np.zeros(2), object()], pickles="forbid")


def test_what_cannot_even_be_pickled_is_named():
    with pytest.raises(UnstorableError, match=r"'fit'.*builtins\.generator.*cannot be stored"):
        draft((number for number in range(3)), pickles="allow")


def test_a_container_that_contains_itself_is_one_pickle():
    value = [np.zeros(1)]
    value.append(value)
    with pytest.warns(PickledArtifactWarning, match="it contains itself"):
        assert draft(value).format == "pickle"


def test_a_class_inside_a_function_is_pickled_by_value():
    @dataclasses.dataclass
    class Local:
        number: int

    assert plain_text(Local(1)) is None
    back = round_trip_pickle(Local(1))
    assert back.number == 1


def test_a_subclass_of_a_known_type_is_another_type():
    class Table(dict):
        pass

    assert draft(Table(a=1), pickles="allow").format == "pickle"
    assert draft(OrderedDict(a=1), pickles="allow").format == "pickle"


def test_a_dataclass_with_hidden_state_is_not_taken_apart():
    result = Result(np.zeros(1))
    result.hidden = 3
    assert draft(result, pickles="allow").format == "pickle"


class TallyFormat:
    """A plug-in's format."""

    name = "tally"
    is_canonical = True

    def __init__(self, settings):
        pass

    def draft(self, value):
        return Draft(self.name, lambda sink: sink.write(b"x" * value.count)) if isinstance(value, Tally) else None

    def read(self, source, value):
        return Tally(len(source.read()))


class Tally:
    def __init__(self, count):
        self.count = count


def test_a_plug_in_is_asked_before_a_pickle_is_made_and_loaded_at_use_only():
    asked = []

    def plug_ins():
        asked.append(1)
        return {"tally": f"{__name__}:TallyFormat"}

    rules = drafting(plug_ins=plug_ins)
    rules.draft(np.zeros(2), "")
    rules.draft([1, "x"], "")
    assert asked == []
    assert rules.draft(Tally(3), "").format == "tally"
    assert asked == [1]


def test_asking_for_a_format_imports_no_library():
    assert type_key(np.ndarray) == "numpy:ndarray"
    names = {form.name for form in FormatRegistry(FormatSettings(), dict).candidates(Tally(1))}
    assert names == set()


SIZES = st.sampled_from([0, 1, 50, 4095, (1 << 20) - 1, 1 << 20, (5 << 20) + 3])


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 255), SIZES), max_size=6))
def test_a_sink_passes_on_and_hashes_what_it_is_given_in_order(plan):
    pieces = [bytes([byte]) * size for byte, size in plan]
    out: list[bytes] = []
    sink = Sink(lambda some: out.extend(bytes(piece) for piece in some))
    for number, piece in enumerate(pieces):
        assert sink.write(piece if number % 2 else memoryview(piece)) == len(piece)
    assert sink.finish() == digest_bytes(b"".join(pieces))
    assert b"".join(out) + (sink.held or b"") == b"".join(pieces)
    assert sink.tell() == sum(map(len, pieces))


def test_a_sink_does_not_depend_on_a_buffer_after_write_has_returned():
    out: list[bytes] = []
    sink = Sink(lambda some: out.extend(bytes(piece) for piece in some))
    buffer = bytearray(b"first")
    sink.write(buffer)
    buffer[:] = b"other"
    assert sink.finish() == digest_bytes(b"first")
    assert sink.held == b"first"


def test_an_error_while_writing_out_reaches_the_format():
    def full(pieces):
        raise OSError(28, "No space left on device")

    sink = Sink(full)
    with pytest.raises(OSError, match="No space"):
        sink.write(memoryview(bytes(2 << 20)))


@given(st.lists(st.integers()) | st.dictionaries(st.integers() | st.text(), st.integers()) | st.tuples(st.integers()))
def test_a_container_is_put_together_as_it_was(value):
    kind, members, python_type = members_of(value)
    assert compose(kind, [(name, item) for name, _, item in members], python_type) == value


def round_trip_pickle(value):
    content, reference = written(value, name="pickle")
    assert reference.format == "pickle"
    return __import__("cloudpickle").loads(content)


@given(st.text(min_size=1) | st.binary() | st.binary().map(bytearray) | st.binary().map(memoryview))
def test_texts_and_bytes_come_back(value):
    if isinstance(value, str) and not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError:
            return
    assert round_trip(value) == value
    assert type(round_trip(value)) is type(value)


def test_a_view_inside_another_value_stays_one():
    back = round_trip_pickle({"view": memoryview(b"abc")})["view"]
    assert type(back) is memoryview
    assert back == b"abc"


@pytest.mark.parametrize("view", [memoryview(b"abcd").cast("i"), memoryview(b"abcd").cast("B", (2, 2))])
def test_a_view_that_would_come_back_as_mere_bytes_is_refused(view):
    for value in (view, {"view": view}):
        with pytest.raises(UnstorableError, match="would come back as bytes"):
            draft(value)
