"""argv: chain|fanout|train|handoff. A user's own script: durable and tracked, on this machine."""

import sys

import headrace as hr
import work

what = sys.argv[1]
if what in ("chain", "fanout"):
    import noops as flows
else:
    import flows
work.say(hr.run(getattr(flows, what)).output)
