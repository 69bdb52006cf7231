"""The recorder of the tests of live calls."""

from tests.portal.live.conftest import recorder

__all__ = ["recorder"]
