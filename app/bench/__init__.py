"""Measurements and fault trials of the whole product, at any size."""
