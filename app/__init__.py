"""The guide's app."""

import sys

# httpx offers a command line where click is installed: importing that is 20 ms of every start, and nobody's here.
sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type]
