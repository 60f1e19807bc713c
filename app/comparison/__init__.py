"""What results are compared with: features of schools, clusters, a control sample, one scale for two procedures.

Pure: values in, values out; no database, no web, no clock. Randomness comes from a published seed.
"""
