"""argv: chain|fanout|train|handoff. A user's own script: durable and tracked, on this machine."""

import importlib
import sys

import headrace as hr
import work

what = sys.argv[1]
module = importlib.import_module({"train": "flows", "handoff": "frames"}.get(what, "noops"))
work.say(hr.run(getattr(module, what)).output)
