"""What `flet run`, `flet build` and `make demo` start."""

from app.bootstrap import run

if __name__ == "__main__":
    run()
