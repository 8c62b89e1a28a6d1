"""Phones against a real server, as the client's tests have them."""

from tests.integration.client.conftest import lab

__all__ = ["lab"]
