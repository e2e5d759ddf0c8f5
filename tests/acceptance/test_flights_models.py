"""The flights example learns, judges and chooses: same rows same model, honest scores, a year of forecasts."""

import flights_project  # isort: skip  # noqa: F401 - makes `flights` importable

from datetime import date

import lightgbm as lgb
import numpy as np
import polars as pl
import pytest
from flights.backtest import POLICIES, Policy, learning_months, next_month, plan_backtest, plan_policies
from flights.evaluation import BASELINE, Scores, choose, describe, evaluate_baseline, gain_over, score
from flights.features import answered, departing, feature_columns
from flights.methods import ALGORITHMS, LateFlightModel, fit, predict
from flights.pipelines import backtest, features, retraining, split_by_time, training
from sklearn.metrics import brier_score_loss, log_loss

from flights_project import raw_flights

pytestmark = pytest.mark.slow

NOTHING = lgb.Dataset(np.zeros((50, 1)), np.zeros(50))
BOOSTER = lgb.train({"verbose": -1, "num_threads": 1}, NOTHING, 1).model_to_string()
JANUARY, FEBRUARY, MARCH = date(2013, 1, 1), date(2013, 2, 1), date(2013, 3, 1)


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> pl.DataFrame:
    """The features of January and February."""
    file = tmp_path_factory.mktemp("winter") / "flights.parquet"
    pl.concat([raw_flights(month=1, days=range(1, 32)), raw_flights(month=2, days=range(1, 29))]).write_parquet(file)
    return features(flights=file).features


@pytest.fixture(scope="module")
def train(table) -> pl.DataFrame:
    return answered(table, JANUARY, FEBRUARY)


@pytest.fixture(scope="module")
def test(table) -> pl.DataFrame:
    return departing(table, FEBRUARY, MARCH)


class TestMethods:
    @pytest.mark.parametrize("algorithm", ALGORITHMS)
    def test_a_method_gives_the_same_model_for_the_same_rows_and_seed(self, algorithm, train, test):
        rows = train.head(3000)
        one, two = (predict(fit(rows, algorithm, seed=3), test) for _ in range(2))
        assert np.array_equal(one, two)

    @pytest.mark.parametrize("algorithm", ALGORITHMS)
    def test_a_month_of_learning_beats_the_carriers_mean_rate(self, algorithm, train, test):
        scores = score(algorithm, predict(fit(train, algorithm), test), test)
        rule = evaluate_baseline(train, test)
        assert scores.auc > rule.auc + 0.08
        assert scores.log_loss < rule.log_loss

    def test_an_unknown_method_is_refused(self, train):
        with pytest.raises(KeyError):
            fit(train.head(100), "oracle")

    def test_a_model_looks_at_features_only_and_in_its_own_order(self, train, test):
        model = fit(train.head(3000), "boosting")
        assert list(model.columns) == feature_columns(train)
        test = test.head(500)
        shuffled = test.select(reversed(test.columns)).drop("late", "arrived_at")
        assert np.array_equal(predict(model, shuffled), predict(model, test))


class TestScores:
    def forecast(self, test: pl.DataFrame) -> np.ndarray:
        return np.random.default_rng(1).beta(2, 5, test.height)

    def test_scores_are_those_of_scikit_learn(self, test):
        forecast = self.forecast(test)
        scores = score("any", forecast, test)
        assert scores.log_loss == pytest.approx(log_loss(test["late"], forecast))
        assert scores.brier == pytest.approx(brier_score_loss(test["late"], forecast))

    def test_a_forecast_that_is_true_has_a_small_calibration_error(self, test):
        forecast = self.forecast(test)
        late = np.random.default_rng(2).random(test.height) < forecast
        honest = score("any", forecast, test.with_columns(late=pl.Series(late)))
        assert honest.calibration_error < 0.02
        assert score("any", forecast / 2, test.with_columns(late=pl.Series(late))).calibration_error > 0.1

    def test_a_sure_miss_costs_a_finite_loss(self, test):
        assert np.isfinite(score("any", np.zeros(test.height), test).log_loss)

    def test_the_error_of_a_gain_is_wider_when_whole_days_go_together(self, test):
        rng = np.random.default_rng(0)
        rule = score("rule", np.full(test.height, 0.25), test).daily
        alike = rule.with_columns(
            loss=pl.col("loss") - pl.col("flights") * pl.Series(rng.normal(0.05, 0.2, rule.height))
        )
        gain, error = gain_over(alike, rule)
        per_flight = 0.2 / np.sqrt(test.height)
        assert error == pytest.approx(0.2 / np.sqrt(rule.height), rel=0.35)
        assert error > 20 * per_flight
        assert abs(gain - 0.05) < 3 * error


class TestChoice:
    def scores(self, name: str, loss: float, noise: float = 0.0) -> Scores:
        days = 28
        daily = pl.DataFrame({"loss": 100 * (loss + noise * np.cos(np.arange(days))), "flights": [100] * days})
        return Scores(name, 0.7, loss, 0.2, 0.01, pl.DataFrame(), daily)

    def model(self, name: str) -> LateFlightModel:
        return LateFlightModel(name, ("hour",), lgb.Booster(model_str=BOOSTER))

    def test_the_lowest_log_loss_wins(self):
        scores = [self.scores("forest", 0.44), self.scores("boosting", 0.43)]
        choice = choose([self.model("forest"), self.model("boosting")], scores, self.scores(BASELINE, 0.5))
        assert choice.model.algorithm == "boosting"
        assert choice.beats_baseline
        assert "boosting on 1 features" in describe(choice)

    def test_a_gain_that_chance_could_give_is_none(self):
        scores = [self.scores("forest", 0.499, noise=0.1)]
        assert not choose([self.model("forest")], scores, self.scores(BASELINE, 0.5)).beats_baseline


class TestSplit:
    def test_the_test_begins_where_the_answers_learnt_from_end(self, table):
        split = split_by_time(table, MARCH)
        assert split.train["arrived_at"].max() <= split.test["scheduled_at"].min()
        assert split.test["scheduled_at"].max() < pl.Series([date(2013, 3, 2)]).cast(pl.Datetime("ms", "UTC"))[0]
        assert split.test["late"].null_count() == 0


class TestPlans:
    def test_a_backtest_learns_from_all_months_before_and_nothing_else(self):
        trials = plan_backtest(date(2013, 4, 1), date(2013, 12, 1), ALGORITHMS, seeds=3)
        assert len(trials) == 9 * 3 * 3
        assert all((trial.since, trial.until) == (JANUARY, trial.month) for trial in trials)

    def test_policies_say_which_months_they_learn_from(self):
        december = date(2013, 12, 1)
        planned = plan_policies(december, december, POLICIES, algorithm="boosting")
        trials = {trial.name: (trial.since, trial.until) for trial in planned}
        assert trials == {
            "never updated since April": (JANUARY, date(2013, 4, 1)),
            "last three months, blindly": (date(2013, 9, 1), december),
            "everything so far": (JANUARY, december),
        }
        assert learning_months(Policy("short", months=3), FEBRUARY) == (JANUARY, FEBRUARY)
        assert next_month(december) == date(2014, 1, 1)


def test_training_as_a_plain_call_gives_the_best_of_three_models(test):
    model = training(date(2013, 4, 1))
    assert isinstance(model, LateFlightModel)
    assert model.algorithm == "boosting"
    assert predict(model, test).shape == (test.height,)


@pytest.mark.minutes
def test_nine_months_ahead_of_time_rank_late_flights_well():
    by_month = backtest(algorithms=("boosting",), seeds=3)
    assert by_month.height == 9
    assert by_month["auc"].mean() >= 0.71
    assert by_month["auc"].min() > 0.71
    assert (by_month["log_loss"] < by_month["baseline_log_loss"]).all()


def test_in_december_blind_refitting_is_worse_than_no_update():
    december = date(2013, 12, 1)
    rows = {row["name"]: row for row in retraining(december, december).iter_rows(named=True)}
    blind, frozen = rows["last three months, blindly"], rows["never updated since April"]
    assert blind["auc"] < frozen["auc"]
    assert blind["log_loss"] > frozen["log_loss"]
    assert rows["everything so far"]["log_loss"] < frozen["log_loss"]
