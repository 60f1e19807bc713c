"""Silhouette widths by scikit-learn: ``pip install scikit-learn && python make_silhouette.py > silhouette.json``."""

import numpy as np

rng = np.random.default_rng(11)
points = np.vstack([rng.normal(m, s, (n, 3)) for m, s, n in ((0, 1, 12), (2, 0.5, 7), (-1, 2, 9))]).round(6)
labels = np.repeat([0, 1, 2], [12, 7, 9])
