"""The simulator from a terminal: many histories, or the story of one."""

import argparse
import sys

from headrace.testing.simulation.running import replay, simulate


def main() -> int:
    """Simulate as asked; the status is 1 if a rule was broken."""
    asked = argparse.ArgumentParser(prog="python -m headrace.testing.simulation", description=__doc__)
    asked.add_argument("--histories", type=int, default=10_000)
    asked.add_argument("--seed", type=int, default=0, help="other seeds give other histories")
    asked.add_argument("--broken", type=int, default=1, help="stop after so many that break a rule")
    asked.add_argument("--replay", type=int, metavar="SEED", help="tell the story of the one history of this seed")
    chosen = asked.parse_args()
    if chosen.replay is not None:
        sys.stdout.write("\n".join(replay(chosen.replay)) + "\n")
        return 0
    report = simulate(chosen.histories, chosen.seed, most_broken=chosen.broken)
    sys.stdout.write(f"{report}\n")
    return 0 if report.is_sound else 1


if __name__ == "__main__":
    sys.exit(main())
