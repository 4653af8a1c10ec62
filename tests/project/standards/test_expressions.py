"""No regular expression of Handrail can be made slow: each is tried with texts that are made of its own parts."""

from __future__ import annotations

import ast
import importlib
import pkgutil
import random
import re
import time
from pathlib import Path

import pytest

pytest.importorskip("faiss", reason="the service is not installed")

try:
    from re import _constants as constants
    from re import _parser as parser
except ImportError:  # Python 3.10
    import sre_constants as constants
    import sre_parse as parser

PACKAGES = ("handrail_kb", "handrail_search", "handrail_feedback")
# As long as what is really matched may be, and twice as long: what is linear takes twice as long.
SHORT, LONG = 2_000, 8_000
SECONDS = 0.35
