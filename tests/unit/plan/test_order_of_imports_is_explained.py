"""The order in which modules are imported is told as such."""

from headrace.plan.explain import ORDER, compare_code
from headrace.ports.code import CodeRow


def test_another_order_of_imports_is_told_with_the_module_that_leads_to_them():
    before = [
        CodeRow("steps:fit", "a", "steps.py", 3, 4),
        CodeRow(f"steps:{ORDER}", "x", "steps.py", 0, 0, "steps:fit"),
    ]
    now = [before[0], CodeRow(f"steps:{ORDER}", "y", "steps.py", 0, 0, "steps:fit")]
    (change,) = compare_code(before, now)
    assert str(change).startswith("changed: the order of the imports that `steps` leads to")
