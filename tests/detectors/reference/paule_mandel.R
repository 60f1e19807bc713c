# Value for test_without_bounding_over_dispersion_is_the_estimate_of_paule_and_mandel: the definition itself, without a package.
# The same number: metafor::rma(yi, vi, method = "PM")$tau2
yi <- c(0.10, 0.45, -0.20, 0.80, 0.05, -0.55, 0.30, 1.10)
vi <- c(0.04, 0.09, 0.05, 0.12, 0.03, 0.08, 0.06, 0.10)
q <- function(t2) { w <- 1 / (vi + t2); m <- sum(w * yi) / sum(w); sum(w * (yi - m)^2) - (length(yi) - 1) }
cat(uniroot(q, c(0, 10), tol = 1e-12)$root, "\n")
