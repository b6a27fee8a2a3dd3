from __future__ import annotations

from store_testkit.fixtures import *  # noqa: F403 - fixtures are found by being here
