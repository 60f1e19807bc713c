"""Values that the tests of over-dispersion and of the swing between years compare with; printed by statsmodels 0.15.

Run by hand in an environment of its own that has statsmodels.
"""

import numpy as np
import statsmodels.api as sm
from statsmodels.stats.meta_analysis import combine_effects

EFFECTS = np.array([0.10, 0.45, -0.20, 0.80, 0.05, -0.55, 0.30, 1.10])
VARIANCES = np.array([0.04, 0.09, 0.05, 0.12, 0.03, 0.08, 0.06, 0.10])
for method in ("pm", "dl"):
    result = combine_effects(EFFECTS, VARIANCES, method_re=method)
    print(method, "tau2 =", repr(float(result.tau2)))

X = np.array([-1.2, -0.4, 0.1, 0.3, 0.9, 1.4, 2.0, -0.8, 0.6, 1.1])
Y = np.array([-0.9, -0.5, 0.4, 0.1, 0.8, 2.6, 1.5, -0.2, 0.3, 0.9])
WEIGHTS = np.array([40.0, 55.0, 120.0, 33.0, 61.0, 48.0, 90.0, 27.0, 75.0, 150.0])
# Influence is for unweighted fits only: a weighted one is that of rows times the root of their weights.
root = np.sqrt(WEIGHTS)
fit = sm.OLS(root * Y, root[:, None] * sm.add_constant(X)).fit()
influence = fit.get_influence()
print("coefficients =", fit.params.tolist())
print("leverage =", influence.hat_matrix_diag.tolist())
print("external =", influence.resid_studentized_external.tolist())
print("sigma2 without =", influence.sigma2_not_obsi.tolist())
