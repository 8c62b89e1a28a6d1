"""What `flet run`, `flet build` and `make demo` start."""

from app.device import heap

heap.begin()  # before the imports, which make most of what stays

from app.bootstrap import run  # noqa: E402

if __name__ == "__main__":
    run()
