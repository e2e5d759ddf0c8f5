"""`python -m headrace`: the command line. The working directory is taken off Python's path, where the command
`headrace` never has it: a file of a project must not stand for one of Python's modules in here."""

import sys
from pathlib import Path

if __name__ == "__main__" and not sys.flags.safe_path and Path(sys.path[0]) in (Path(), Path.cwd()):
    del sys.path[0]

try:
    from headrace.cli.main import main
except KeyboardInterrupt:  # Ctrl-C before anything was begun
    sys.exit(130)

if __name__ == "__main__":
    main()
