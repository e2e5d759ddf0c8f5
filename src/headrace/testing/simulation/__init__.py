"""A simulator of runs: the real machine and conductor on stores in memory and simulated time, over generated pipelines,
with everything going wrong that can.

`python -m headrace.testing.simulation --histories 100000 --seed 7`
"""

from headrace.testing.simulation.running import Broken, Report, replay, simulate
from headrace.testing.simulation.violations import Rule
from headrace.testing.simulation.world import Subjects

__all__ = ["Broken", "Report", "Rule", "Subjects", "replay", "simulate"]
