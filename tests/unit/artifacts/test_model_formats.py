"""Models and figures come back equal, from formats that run no foreign code, and to equal bytes."""

import collections
import zipfile
from io import BytesIO

import lightgbm
import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler

from artifact_kit import read, round_trip, written
from headrace.artifacts.errors import ArtifactError
from headrace.artifacts.estimators import SkopsFormat, canonical_archive
from headrace.artifacts.figures import FigureImage
from headrace.artifacts.formats import FormatSettings, UncarriedError
from headrace.artifacts.model_state import decode_state, encode_state
from headrace.artifacts.trust import untrusted

RANDOM = np.random.default_rng(0)
INPUT = pd.DataFrame({"a": RANDOM.random(120), "b": RANDOM.random(120), "c": list("abcd") * 30})
NUMBERS = INPUT[["a", "b"]]
TARGET = np.where(INPUT["a"] > 0.5, "late", "on time")


class Clipped(BaseEstimator, TransformerMixin):
    """A transformer of the project's own."""

    def __init__(self, most: float = 0.5) -> None:
        self.most = most

    def fit(self, values, target=None):
        self.fitted_ = True
        return self

    def transform(self, values):
        return np.minimum(values, self.most)


def prepared(model):
    columns = ColumnTransformer([("number", StandardScaler(), ["a"]), ("letter", OneHotEncoder(), ["c"])])
    return make_pipeline(columns, model).fit(INPUT, TARGET)


def models():
    yield LogisticRegression().fit(NUMBERS, TARGET), NUMBERS
    yield RandomForestClassifier(3, random_state=0).fit(NUMBERS, TARGET), NUMBERS
    yield prepared(HistGradientBoostingClassifier(max_iter=3, random_state=0)), INPUT
    yield prepared(lightgbm.LGBMClassifier(n_estimators=3, verbose=-1)), INPUT
    yield lightgbm.LGBMClassifier(n_estimators=3, verbose=-1).fit(NUMBERS, TARGET), NUMBERS


@pytest.mark.parametrize(("model", "data"), list(models()), ids=lambda one: type(one).__name__)
def test_a_fitted_model_predicts_the_same_when_it_comes_back(model, data):
    back = round_trip(model)
    assert type(back) is type(model)
    assert (back.predict_proba(data) == model.predict_proba(data)).all()
    assert (back.predict(data) == model.predict(data)).all()


def test_models_fitted_alike_are_written_alike():
    for (first, _), (second, _) in zip(models(), models(), strict=True):
        assert written(first)[0] == written(second)[0]


def test_a_model_that_was_read_is_written_to_the_same_bytes():
    for model, _ in models():
        assert written(round_trip(model))[0] == written(model)[0]


def test_a_model_that_was_read_can_be_fitted_again():
    for model, data in models():
        round_trip(model).fit(data, TARGET)


def test_an_archive_of_skops_has_neither_times_nor_ids():
    content, _ = written(LogisticRegression().fit(NUMBERS, TARGET))
    with zipfile.ZipFile(BytesIO(content)) as archive:
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert sorted(archive.namelist())[:2] == ["0.npy", "1.npy"]
    assert canonical_archive(content)[0] == content


def test_a_class_of_the_project_needs_trust_and_is_noted():
    model = make_pipeline(Clipped(), LogisticRegression()).fit(NUMBERS, TARGET)
    with pytest.raises(UncarriedError, match=r"not trusted: .*Clipped; if they are yours, name them in `trusted`"):
        written(model)
    for trusted in (f"{__name__}:Clipped", f"{__name__}.Clipped", __name__):
        content, value = written(model, trusted=(trusted,))
        assert value.classes == (f"{__name__}:Clipped",)
        assert (read(content, value, trusted=(trusted,)).predict(NUMBERS) == model.predict(NUMBERS)).all()
    with pytest.raises(PermissionError, match="Clipped"):
        read(content, value)


def test_functions_of_trusted_libraries_are_not_trusted():
    assert (
        untrusted(["sklearn.tree._tree.Tree", "lightgbm.sklearn.LGBMClassifier", "collections.OrderedDict"], ()) == []
    )
    strange = ["os.system", "sklearn.datasets._base.load_iris", "sklearn.nowhere.Nothing", "numpy.testing.runstring"]
    assert untrusted(strange, ()) == sorted(strange)
    with pytest.raises(UncarriedError):
        written(FunctionTransformer(np.testing.assert_equal))
    with pytest.raises(UncarriedError):
        SkopsFormat(FormatSettings()).draft(FunctionTransformer(lambda values: values))


def test_a_booster_keeps_its_best_iteration_and_categories():
    data = INPUT.assign(c=INPUT["c"].astype("category"))
    target = (TARGET == "late").astype(int)
    training = lightgbm.Dataset(data, target)
    booster = lightgbm.train(
        {"verbose": -1, "objective": "binary", "metric": "auc"},
        training,
        num_boost_round=20,
        valid_sets=[lightgbm.Dataset(data.iloc[:30], target[:30], reference=training)],
        callbacks=[lightgbm.early_stopping(2, verbose=False)],
    )
    back = round_trip(booster)
    assert back.best_iteration == booster.best_iteration > 0
    assert back.best_score == booster.best_score
    assert back.num_trees() == booster.num_trees()
    assert (back.predict(data) == booster.predict(data)).all()
    assert written(back)[0] == written(booster)[0]


def test_a_booster_is_plain_text_of_lightgbm():
    booster = lightgbm.train({"verbose": -1}, lightgbm.Dataset(NUMBERS, INPUT["a"]), num_boost_round=2)
    content, value = written(booster)
    assert value.format == "lightgbm"
    assert content.startswith(b"tree\nversion=")
    assert (lightgbm.Booster(model_str=content.decode()).predict(NUMBERS) == booster.predict(NUMBERS)).all()


def test_wrappers_come_back_with_parameters_and_evaluation():
    unfitted = lightgbm.LGBMRegressor(n_estimators=7, importance_type="gain")
    assert round_trip(unfitted).get_params() == unfitted.get_params()
    ranked = lightgbm.LGBMRegressor(n_estimators=3, verbose=-1).fit(
        NUMBERS, INPUT["a"], eval_X=NUMBERS, eval_y=INPUT["b"]
    )
    back = round_trip(ranked)
    assert back.evals_result_ == ranked.evals_result_
    assert (back.feature_importances_ == ranked.feature_importances_).all()
    assert list(back.feature_names_in_) == ["a", "b"]


def test_a_wrapper_with_an_objective_of_its_own_is_left_to_others():
    with pytest.raises(UncarriedError, match="function"):
        written(lightgbm.LGBMRegressor(objective=lambda true, found: (found - true, np.ones_like(true))))


def test_the_state_of_a_model_comes_back_exactly():
    state = {
        "array": np.arange(4, dtype="float32").reshape(2, 2),
        "names": np.array(["a", None], dtype=object),
        "scores": collections.defaultdict(collections.OrderedDict, {"valid": collections.OrderedDict(auc=0.5)}),
        np.str_("late"): (1, [np.float64(2.5)]),
    }
    back = decode_state(encode_state(state))
    assert repr(back) == repr(state)
    assert back["scores"].default_factory is collections.OrderedDict


def test_state_that_names_a_foreign_class_is_not_made():
    for name in ("os:system", "subprocess:Popen", "sklearn.datasets:load_iris"):
        with pytest.raises(PermissionError):
            decode_state(["object", name, {}])


def drawn():
    figure = Figure(figsize=(2, 2))
    figure.subplots().plot([1, 3, 2])
    return figure


def test_a_figure_comes_back_as_its_picture():
    content, value = written(drawn())
    picture = read(content, value)
    assert isinstance(picture, FigureImage)
    assert picture.png.startswith(b"\x89PNG")
    assert picture._repr_png_() == content
    assert b"Software" not in content


def test_a_figure_drawn_twice_and_a_picture_stored_again_are_written_alike():
    content, value = written(drawn())
    assert written(drawn())[0] == content
    assert written(read(content, value))[0] == content


def test_every_error_of_the_room_is_an_artifact_error_with_a_code():
    leaves = ArtifactError.__subclasses__()
    assert {leaf.code for leaf in leaves if leaf.__module__ == "headrace.artifacts.errors"} >= {
        "artifact.missing",
        "artifact.damaged",
        "artifact.unreadable",
        "artifact.unwritable",
        "artifact.pickle-forbidden",
        "artifact.unstorable",
    }
