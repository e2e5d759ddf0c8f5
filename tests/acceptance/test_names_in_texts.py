"""What an expression in a text names at the head of its module counts: pandas looks it up there."""

from pathlib import Path

import pytest

from acceptance.edited_files import HEAD, assert_noticed, project_of

pytestmark = pytest.mark.slow

BEFORE = (
    "import pandas as pd\nimport shapes\nfrom shapes import TH as BOUND\n\nLIMIT = 1\n"
    "QUERY = 'a > @LIMIT'\nROWS = pd.DataFrame({'a': [1, 2, 3]})\n\n"
    "def more(x):\n    return x + 1\n\ndef text():\n    return 'a > @LIMIT'\n\n"
)
STEP = "@hr.step\ndef use() -> int:\n    return int({call})\n\n@hr.pipeline\ndef pipe() -> int:\n    return use()\n"
CASES = {
    "a constant": ("len(ROWS.query('a > @LIMIT'))", "work.py", "LIMIT = 1", "LIMIT = 2"),
    "an imported constant": ("len(ROWS.query('a > @BOUND'))", "shapes.py", "TH = 1", "TH = 2"),
    "a constant of a module": ("len(ROWS.query('a > @shapes.TH'))", "shapes.py", "TH = 1", "TH = 2"),
    "a function": ("ROWS.eval('@more(a)').sum()", "work.py", "x + 1", "x + 2"),
    "a name without a mark": ("pd.eval('ROWS.a + LIMIT').sum()", "work.py", "LIMIT = 1", "LIMIT = 2"),
    "a text in a constant": ("len(ROWS.query(QUERY))", "work.py", "LIMIT = 1", "LIMIT = 2"),
    "a text of a function": ("len(ROWS.query(text()))", "work.py", "LIMIT = 1", "LIMIT = 2"),
}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.replace(" ", "-"))
def test_a_name_in_an_expression_counts(tmp_path: Path, case: str):
    call, file, before, after = CASES[case]
    project = project_of(tmp_path, {"work.py": HEAD + BEFORE + STEP.format(call=call), "shapes.py": "TH = 1\n"})
    assert_noticed(project, file, before, after)
