"""Schools with low results: indicators from a year's tables. Pure: frames in, signs out; no school is ranked."""

from app.low_results.indicators import LowSchool, Sign, find
from app.low_results.rules import Rules, load_rules

__all__ = ["LowSchool", "Rules", "Sign", "find", "load_rules"]
