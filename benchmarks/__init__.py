"""Named, repeatable measurements, each beside its baseline in one run; tests never assert time."""
