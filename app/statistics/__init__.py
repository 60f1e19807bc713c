"""Figures about cases: read-only, always counted anew, within the territory of the session's actor."""
