"""The one stateful middle: every change of state is a verb here, with `session`, `actor` and `at` as arguments.

A verb may flush; the edge that called it commits. Raising rolls everything back.
"""
