"""Names of distributions are compared in their normal form."""

import pytest

from headrace.environments.distributions import normal_name


@pytest.mark.parametrize("name", ["Scikit-Learn", "scikit_learn", "scikit.learn", "scikit--learn", "SCIKIT-LEARN"])
def test_spellings_of_one_distribution_are_one_name(name: str):
    assert normal_name(name) == "scikit-learn"
