"""The first steps: three things to do with a practice customer who exists nowhere but in these words."""

from app.ui.screens.first.walk import FirstSteps

__all__ = ["FirstSteps"]
