"""Screens: what a person waits for, each beside a bare Flet page that does only that, in the same run."""
