"""Log-linear fits by statsmodels: ``pip install statsmodels && python make_loglinear.py > loglinear.json``."""

import json

import numpy as np
import statsmodels.api as sm

COUNTS = [2, 5, 11, 19, 30, 44, 70, 81, 66, 90, 102, 88, 61, 73, 55, 38, 29, 17, 12, 6, 1]
scores = np.linspace(-1, 1, len(COUNTS))
fits = {}
for degree in (2, 3, 4, 6):
    design = np.vander(scores, degree + 1, increasing=True)
    fitted = sm.GLM(np.array(COUNTS), design, family=sm.families.Poisson()).fit(tol=1e-14, maxiter=200)
    fits[degree] = {"shares": (fitted.mu / fitted.mu.sum()).tolist(), "deviance": float(fitted.deviance)}
print(json.dumps({"counts": COUNTS, "fits": fits}))
